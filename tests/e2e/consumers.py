"""Those who take what a webhook or an exec sink gives, as processes that can be
killed and stopped: the examples of docs/consumers."""

import contextlib
import json
import os
import signal
import sqlite3
import sys
from pathlib import Path

from bridge import ROOT, Bridge, schemas
from outputs import WEBHOOK_SECRET
from servers.process import Server, accepts, free_port


def kept(path: Path) -> list:
    """(name, source, id) of each mail that an example has."""
    with contextlib.closing(sqlite3.connect(path)) as database:
        rows = database.execute("SELECT name, event FROM mails").fetchall()
    found = []
    for name, text in rows:
        event = schemas.check(text.encode())
        found.append((name, f"/mailbridge/{event['account']}/"
                      f"{event['mailbox']}", json.loads(text)["id"]))
    return found


class ExampleReceiver(Server):
    """receiver.py"""

    def __init__(self, folder: Path) -> None:
        super().__init__("receiver")
        self.folder = folder
        self.port = free_port()
        self.database = folder / "received.db"
        self.secret = folder / "webhook.secret"
        self.secret.write_text(WEBHOOK_SECRET)
        self.secret.chmod(0o600)
        self.start()

    def start(self) -> None:
        self.spawn([sys.executable, str(ROOT / "docs/consumers/receiver.py"),
                    str(self.port), str(self.database)],
                   self.folder / "receiver.log",
                   stdout=(self.folder / "receiver.out").open("ab"),
                   env={**os.environ, "WEBHOOK_SECRET": WEBHOOK_SECRET})
        self.wait_ready(lambda: accepts(self.port), 20)

    def section(self, port: int) -> dict:
        """of a sink that comes by this port."""
        return {"type": "webhook", "url": f"http://127.0.0.1:{port}/mail",
                "secret": {"file": str(self.secret)}}


class ExampleHandler:
    """handler.py, which its bridge starts."""

    def __init__(self, folder: Path) -> None:
        self.database = folder / "handled.db"
        self.bridge: Bridge
        self.stopped: list = []

    def section(self) -> dict:
        return {"type": "exec", "command": [
            sys.executable, str(ROOT / "docs/consumers/handler.py"),
            str(self.database)]}

    def programs(self) -> list:
        pid = self.bridge.process.pid
        try:
            return [int(one) for one in Path(
                f"/proc/{pid}/task/{pid}/children").read_text().split()]
        except OSError:
            return []  # the bridge is dead

    def signal(self, pids: list, number: int) -> None:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def kill(self) -> None:
        self.signal(self.programs(), signal.SIGKILL)

    def start(self) -> None:
        """The bridge does that."""

    def signal_group(self, number: int) -> None:
        if number == signal.SIGSTOP:
            self.stopped = self.programs()
        self.signal(self.stopped, number)

    def running(self) -> bool:
        return True  # or about to be

    def tail(self) -> str:
        return self.bridge.tail()
