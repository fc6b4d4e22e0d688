"""Mailboxes in which nothing happens: what they cost, and how soon a mail that
comes after all is at the sink."""

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Callable, Optional

import contenders
import mailbox
from servers.certs import Authority
from servers.dovecot import Dovecot
from servers.process import Server, free_port, new_folder, wait_until

IDLE = int(os.environ.get("BENCH_IDLE", 1000))
MANY = int(os.environ.get("BENCH_MANY", 10000))
QUIET = int(os.environ.get("BENCH_QUIET", 60))


class Watching:
    """mailbridge with that many accounts, all of them in IDLE: as `status`
    says, or another."""

    def __init__(self, server, users: list, folder: Path,
                 count: Optional[Callable] = None) -> None:
        self.config = contenders.write_config(
            server, users, contenders.fresh(folder),
            {"type": "directory", "path": "out"}, start="now")
        self.server = Server("mailbridge")
        start = time.monotonic()
        self.server.spawn(
            [contenders.BRIDGE, "run", "-c", self.config],
            folder / "stderr.txt", cwd=folder)
        try:
            wait_until(lambda: (count or self.idle)() == len(users), 300,
                       f"{len(users)} mailboxes in IDLE", step=0.2)
        except TimeoutError:
            self.server.kill()
            raise
        self.seconds = time.monotonic() - start
        self.cpu_of_start = self.cpu()

    def idle(self) -> int:
        if not self.server.running():
            raise RuntimeError(f"mailbridge ended:\n{self.server.tail()}")
        done = subprocess.run(
            [contenders.BRIDGE, "status", "--json", "-c", self.config],
            capture_output=True)
        if done.returncode != 0:
            return 0
        answer = json.loads(done.stdout)
        rows = answer["mailboxes"] if isinstance(answer, dict) else answer
        return sum(row["state"] == "idle" for row in rows)

    def memory(self) -> dict:
        text = Path(f"/proc/{self.server.process.pid}/smaps_rollup")
        lines = [line.split() for line in text.read_text().splitlines()[1:]]
        return {key.rstrip(":"): int(value) for key, value, *_ in lines}

    def cpu(self) -> float:
        text = Path(f"/proc/{self.server.process.pid}/stat").read_text()
        user, system = text.rsplit(")", 1)[1].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")

    def quiet(self) -> float:
        """CPU seconds of QUIET seconds in which nothing happens."""
        time.sleep(5)  # until the last marks are written
        before = self.cpu()
        time.sleep(QUIET)
        return self.cpu() - before


def arrivals(work: Path, users: list, mails: int,
             deliver: Callable) -> list:
    """One mail after the other; how long each took to its file, in ms."""
    times = []
    for number in range(mails):
        user = users[number % len(users)]
        path = work / "out" / user / "INBOX"
        before = len(list(path.glob("*"))) if path.is_dir() else 0
        deliver(user, number)
        start = time.monotonic()
        wait_until(lambda: path.is_dir() and
                   len(list(path.glob("*"))) > before, 30, "the file",
                   step=0.0002)
        times.append((time.monotonic() - start) * 1000)
    return sorted(times)


def by_append(dovecot, users: list) -> Callable:
    sessions = {user: dovecot.login(user) for user in users}
    return lambda user, number: sessions[user].append(
        "INBOX", None, None, mailbox.compose(number, 8000))


def shares(times: list) -> str:
    return ", ".join(
        f"p{share} {times[min(len(times) * share // 100, len(times) - 1)]:.1f}"
        " ms" for share in (50, 90, 99))


def tell(report, found: dict, watching: Watching, quiet: float) -> None:
    count = max(found)
    for kind in ("Rss", "Pss"):
        alone, all_ = found[1][kind], found[count][kind]
        each = (all_ - alone) / max(count - 1, 1)
        report.line(f"  {kind.upper()}: {alone} kB with one, {all_} kB with "
                    f"all: {each:.1f} kB for each further one")
    report.line(f"  all in IDLE after {watching.seconds:.1f} s, "
                f"{watching.cpu_of_start:.1f} s of CPU (looked at every "
                "0.2 s)")
    report.line(f"  {quiet:.2f} s of CPU in {QUIET} s of quiet: "
                f"{quiet / QUIET * 100:.2f} % of a core")


def idle(report, folder: Path) -> None:
    dovecot = Dovecot(clients=IDLE + 100, hibernate=True, fsync=False)
    found = {}
    try:
        for count in (1, IDLE):
            watching = Watching(dovecot, [f"u{n}" for n in range(count)],
                                folder / "work")
            found[count] = watching.memory()
            quiet = watching.quiet() if count == IDLE else 0
            watching.server.stop()
    finally:
        dovecot.remove()
    report.line(f"\nIdle: {IDLE} accounts, TLS, one mailbox each")
    tell(report, found, watching, quiet)


class LightServer(Server):
    """idle_server.py, in the place of a Dovecot."""

    def __init__(self) -> None:
        super().__init__("idle server")
        self.folder = new_folder("light")
        authority = Authority(self.folder)
        self.ca = str(authority.pem)
        self.port_tls = free_port()
        self.process = subprocess.Popen(
            [sys.executable, Path(__file__).with_name("idle_server.py"),
             str(self.port_tls), *authority.issue("server", "DNS:localhost")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            bufsize=1, start_new_session=True)
        self.process.stdout.readline()

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def order(self, line: str) -> None:
        self.process.stdin.write(line + "\n")

    def count(self) -> int:
        self.order("count")
        return int(self.process.stdout.readline())


def many(report, folder: Path, mails: int = 200) -> None:
    """More than a real server can bear beside us on one machine."""
    found = {}
    for number in (1, MANY):
        server = LightServer()
        users = [f"u{n}" for n in range(number)]
        try:
            watching = Watching(server, users, folder / "work", server.count)
            found[number] = watching.memory()
            if number == MANY:
                quiet = watching.quiet()
                times = arrivals(folder / "work", users[::MANY // 50], mails,
                                 lambda user, _: server.order(user))
            watching.server.stop(60)
        finally:
            server.remove()
    report.line(f"\nMany: {MANY} accounts at a light server, TLS, one mailbox "
                "each")
    tell(report, found, watching, quiet)
    report.line(f"  {mails} mails, from the server's notification to the "
                "durable file: " + shares(times))


def latency(report, folder: Path, boxes: int = 50, mails: int = 200) -> None:
    """From the end of the delivery to the durable file."""
    dovecot = Dovecot(clients=200, hibernate=True, fsync=False)
    try:
        users = [f"u{number}" for number in range(boxes)]
        watching = Watching(dovecot, users, folder / "work")
        time.sleep(2)  # until Dovecot hibernates them, see below
        times = arrivals(folder / "work", users, mails,
                         by_append(dovecot, users))
        watching.server.stop()
    finally:
        dovecot.remove()
    report.line(f"\nLatency: {mails} mails into {boxes} idle mailboxes, from "
                "the end of the delivery to the durable file")
    report.line("  " + shares(times))
    report.line("  (Dovecot hibernates idle connections here; otherwise its "
                "own delay of 500 ms is in it)")
