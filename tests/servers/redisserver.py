"""A private redis-server that keeps what it acknowledged."""

import shutil
import socket

from .process import Server, find_program, free_port, new_folder


class RedisServer(Server):
    """password: requirepass; started again with the same data and port."""

    def __init__(self, password: str = "") -> None:
        super().__init__("redis")
        self.program = find_program("redis-server", "redis-server")
        self.folder = new_folder("redis")
        self.port = free_port()
        self.password = password
        self.start()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        argv = [self.program, "--port", str(self.port), "--bind", "127.0.0.1",
                "--dir", str(self.folder), "--appendonly", "yes",
                "--appendfsync", "always", "--save", ""]
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
