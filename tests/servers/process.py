"""Ports, waiting and child processes."""

import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Callable, Optional, TypeVar

T = TypeVar("T")

# Below the range from which the kernel takes ports for outgoing connections,
# so that no client can take one between our look and the server's bind.
PORTS = range(18000, 31000)

# What a server's folder in memory may need.
IN_MEMORY = 2 << 30


class Missing(Exception):
    """A program that is needed is not installed."""


def find_program(name: str, package: str) -> str:
    path = shutil.which(name, path=os.environ["PATH"] + ":/usr/sbin:/sbin")
    if path is None:
        raise Missing(f"{name} is not installed (Debian package {package}); "
                      "run: make test-deps")
    return path


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    while True:
        port = random.SystemRandom().choice(PORTS)
        with socket.socket() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                sock.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def wait_until(condition: Callable[[], T], seconds: float = 30,
               what: str = "the condition", step: float = 0.01) -> T:
    """Call it until it gives something true, and return that.  Asking takes
    half a processor at most: what is waited for needs one too."""
    deadline = time.monotonic() + seconds
    while True:
        asked = time.monotonic()
        value = condition()
        if value:
            return value
        now = time.monotonic()
        if now > deadline:
            raise TimeoutError(f"waited {seconds} s in vain for {what}")
        time.sleep(max(step, min(now - asked, 1)))


def accepts(port: int) -> bool:
    """Does somebody listen there?"""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


def new_folder(prefix: str, owner: Optional[str] = None,
               fsync: bool = True) -> Path:
    """A temporary folder that other users can look into; without fsync, one
    in memory, where there is room."""
    memory = Path("/dev/shm")
    if fsync or not memory.is_dir() or (
            shutil.disk_usage(memory).free < IN_MEMORY):
        memory = None
    path = Path(tempfile.mkdtemp(prefix=f"mailbridge-{prefix}-", dir=memory))
    path.chmod(0o755)
    if owner:
        shutil.chown(path, owner)
    return path


class Server:
    """A child process in a process group of its own, and its log file."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.process: Optional[subprocess.Popen] = None
        self.log = Path()
        self.launcher: list = []  # before the command, see Netns

    def spawn(self, argv: list, log: Path, **options) -> None:
        self.log = log
        with log.open("ab") as out:
            options.setdefault("stdout", out)
            self.process = subprocess.Popen(
                [*self.launcher, *argv], stdin=subprocess.DEVNULL, stderr=out,
                start_new_session=True, **options)

    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def wait_ready(self, ready: Callable[[], bool], seconds: float) -> None:
        def up_or_dead() -> bool:
            return not self.running() or ready()

        try:
            wait_until(up_or_dead, seconds, f"{self.name} to come up")
        except TimeoutError as error:
            raise RuntimeError(f"{error}\n{self.tail()}") from None
        if not self.running():
            raise RuntimeError(f"{self.name} did not start:\n{self.tail()}")

    def start(self) -> None:
        raise NotImplementedError

    def restart(self) -> None:
        self.stop()
        self.start()

    def tail(self, lines: int = 30) -> str:
        if not self.log.is_file():
            return "(no log)"
        text = self.log.read_text(errors="replace")
        return "\n".join(text.splitlines()[-lines:])

    def signal_group(self, number: int) -> None:
        if self.process is not None:
            try:
                os.killpg(self.process.pid, number)
            except ProcessLookupError:
                pass

    def kill(self) -> None:
        """At once, with all its children, as a crash would."""
        self.signal_group(signal.SIGKILL)
        if self.process is not None:
            self.process.wait()

    def stop(self, seconds: float = 10) -> None:
        """By SIGTERM; killed when that takes too long."""
        if self.running():
            self.process.terminate()
            try:
                self.process.wait(seconds)
            except subprocess.TimeoutExpired:
                pass
        self.kill()
