"""A TCP proxy that can lose its connections, or let nothing through."""

import selectors
import socket
import threading

CHUNK = 65536


class Pair:
    """One connection: what came from one side and is not sent yet."""

    def __init__(self, client: socket.socket, server: socket.socket) -> None:
        self.other = {client: server, server: client}
        self.waiting = {client: b"", server: b""}  # to be sent to it
        self.ended: set = set()  # no more comes from it


class Proxy:
    """port: where clients connect; target: the port of the server.  cut():
    every connection is reset; hold(): nothing passes any more, and nobody is
    told; refuse(): no new connection either; free(): all as before."""

    def __init__(self, port: int, target: int) -> None:
        self.port, self.target = port, target
        self.listener = socket.create_server(("127.0.0.1", port), backlog=512)
        self.listener.setblocking(False)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.listener, selectors.EVENT_READ)
        self.wake_read, self.wake_write = socket.socketpair()
        self.selector.register(self.wake_read, selectors.EVENT_READ)
        self.pairs: dict = {}
        self.orders: list = []
        self.held = False
        self.over = False
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    # From other threads

    def order(self, work) -> None:
        self.orders.append(work)
        self.wake_write.send(b"x")

    def cut(self) -> None:
        self.order(self.reset_all)

    def hold(self) -> None:
        self.order(lambda: self.set_held(True))

    def free(self) -> None:
        self.order(lambda: self.set_held(False))

    def remove(self) -> None:
        self.over = True
        self.wake_write.send(b"x")
        self.thread.join(10)

    # The thread's own

    def run(self) -> None:
        while not self.over:
            for key, events in self.selector.select(1):
                self.serve(key.fileobj, events)
        self.reset_all()
        for sock in (self.listener, self.wake_read, self.wake_write):
            sock.close()

    def serve(self, sock, events: int) -> None:
        if sock is self.wake_read:
            sock.recv(CHUNK)
            while self.orders:
                self.orders.pop(0)()
        elif sock is self.listener:
            self.accept()
        elif sock in self.pairs:
            try:
                self.pass_on(sock, events)
            except OSError:
                self.close(sock)

    def accept(self) -> None:
        try:
            client, _ = self.listener.accept()
        except OSError:
            return
        try:
            server = socket.create_connection(("127.0.0.1", self.target), 5)
        except OSError:
            self.reset(client)
            return
        pair = Pair(client, server)
        for sock in (client, server):
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.pairs[sock] = pair
            self.watch(sock)

    def watch(self, sock) -> None:
        """For what it can do now."""
        pair = self.pairs[sock]
        events = 0
        if not self.held:
            full = len(pair.waiting[pair.other[sock]]) >= CHUNK
            if not full and sock not in pair.ended:
                events |= selectors.EVENT_READ
            if pair.waiting[sock]:
                events |= selectors.EVENT_WRITE
        known = sock in self.selector.get_map()
        if known and events:
            self.selector.modify(sock, events)
        elif known:
            self.selector.unregister(sock)
        elif events:
            self.selector.register(sock, events)

    def pass_on(self, sock, events: int) -> None:
        pair = self.pairs[sock]
        other = pair.other[sock]
        if events & selectors.EVENT_READ:
            data = sock.recv(CHUNK)
            if not data:
                pair.ended.add(sock)
            pair.waiting[other] += data
        for end in (sock, other):
            if pair.waiting[end]:
                try:
                    sent = end.send(pair.waiting[end])
                except BlockingIOError:
                    sent = 0
                pair.waiting[end] = pair.waiting[end][sent:]
            if pair.other[end] in pair.ended and not pair.waiting[end]:
                self.close(sock)
                return
        self.watch(sock)
        self.watch(other)

    def set_held(self, held: bool) -> None:
        self.held = held
        for sock in self.pairs:
            self.watch(sock)

    def reset(self, sock) -> None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                        b"\1\0\0\0\0\0\0\0")
        sock.close()

    def close(self, sock, reset: bool = False) -> None:
        for end in self.pairs[sock].other:
            if end in self.selector.get_map():
                self.selector.unregister(end)
            del self.pairs[end]
            self.reset(end) if reset else end.close()

    def reset_all(self) -> None:
        while self.pairs:
            self.close(next(iter(self.pairs)), reset=True)
