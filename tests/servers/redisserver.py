"""Private redis-servers that keep what they acknowledged, and sentinels."""

import shutil
import socket

from .certs import Authority
from .process import Server, accepts, find_program, free_port, new_folder


def tls_settings(authority: Authority) -> tuple:
    """In pairs; among themselves servers speak TLS then, too."""
    pem, key = authority.issue("server", "IP:127.0.0.1",
                               "serverAuth,clientAuth")
    return ("tls-cert-file", pem, "tls-key-file", key, "tls-ca-cert-file",
            authority.pem, "tls-auth-clients", "no", "tls-replication", "yes")


class RedisServer(Server):
    """password: requirepass; options: more of its settings, in pairs; tls: of
    its second port, to which clients are sent; started again with the same data
    and ports."""

    def __init__(self, password: str = "", options: tuple = (),
                 tls: tuple = ()) -> None:
        super().__init__("redis")
        self.program = find_program("redis-server", "redis-server")
        self.folder = new_folder("redis")
        self.port = self.public = free_port()
        if tls:
            self.public = free_port()
            options = ("tls-port", self.public, *tls, *options)
        self.password = password
        self.options = [f"--{word}" if number % 2 == 0 else str(word)
                        for number, word in enumerate(options)]
        self.start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        argv = [self.program, "--port", str(self.port), "--bind", "127.0.0.1",
                "--dir", str(self.folder), "--appendonly", "yes",
                "--appendfsync", "always", "--save", "", *self.options]
        if self.password:
            argv += ["--requirepass", self.password]
        self.spawn(argv, self.folder / "redis.log")
        self.wait_ready(self.ready, 20)

    def ready(self) -> bool:
        """It answers; while it loads its file it says LOADING."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as sock:
                sock.sendall(b"PING\r\n")
                return sock.recv(64).startswith((b"+PONG", b"-NOAUTH"))
        except OSError:
            return False

    def restart(self) -> None:
        self.kill()
        self.start()

    def remove(self) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


class Sentinel(Server):
    """One of those that watch a master and its replicas."""

    def __init__(self, name: str, master: RedisServer, quorum: int,
                 tls: tuple = ()) -> None:
        super().__init__("sentinel")
        program = find_program("redis-server", "redis-server")
        self.folder = new_folder("sentinel")
        self.port = self.public = free_port()
        more = ""
        if tls:
            self.public = free_port()
            more = f"tls-port {self.public}\n" + "".join(
                f"{key} {value}\n" for key, value in zip(tls[::2], tls[1::2]))
        config = self.folder / "sentinel.conf"
        config.write_text(
            f"port {self.port}\nbind 127.0.0.1\ndir {self.folder}\n{more}"
            f"sentinel monitor {name} 127.0.0.1 {master.public} {quorum}\n"
            f"sentinel down-after-milliseconds {name} 1000\n"
            f"sentinel failover-timeout {name} 6000\n")
        self.spawn([program, str(config), "--sentinel"],
                   self.folder / "sentinel.log")
        self.wait_ready(lambda: accepts(self.port), 20)

    def remove(self) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
