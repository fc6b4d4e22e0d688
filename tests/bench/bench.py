"""`make bench`: mailbridge beside others, in one run, on this machine.

What counts are the ratios: all share the cores with Dovecot, read the same
mailbox over TLS, and run in turn, BENCH_ROUNDS times; the median is shown.

    BENCH_MAILS=20000   mails of 36 KB of the first case (others scale)
    BENCH_IDLE=1000     mailboxes in IDLE
    BENCH_QUIET=60      seconds for which they do nothing, their CPU measured
    BENCH_ROUNDS=3
    BENCH_ONLY=catchup,kafka,redis,idle,latency,programs
"""

import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parent / "e2e")]

import contenders  # noqa: E402
import mailbox  # noqa: E402
from servers.dovecot import Dovecot  # noqa: E402
from servers.kafkabroker import KafkaBroker  # noqa: E402
from servers.process import Server, new_folder, wait_until  # noqa: E402
from servers.redisserver import RedisServer  # noqa: E402

MAILS = int(os.environ.get("BENCH_MAILS", 20000))
IDLE = int(os.environ.get("BENCH_IDLE", 1000))
QUIET = int(os.environ.get("BENCH_QUIET", 60))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", 3))
ONLY = os.environ.get(
    "BENCH_ONLY", "catchup,kafka,redis,idle,latency,programs").split(",")
REPORT = contenders.ROOT / "build/bench.txt"


class Report:
    """Lines to the screen and to build/bench.txt."""

    def __init__(self) -> None:
        REPORT.parent.mkdir(exist_ok=True)
        self.file = REPORT.open("w")

    def line(self, text: str = "") -> None:
        print(text, flush=True)
        self.file.write(text + "\n")
        self.file.flush()


def compare(report: Report, title: str, dovecot, user: str, count: int,
            size: int, folder: Path, make=contenders.contenders,
            *args) -> int:
    """One mailbox, all contenders that make() gives; how many failed."""
    octets = mailbox.fill(dovecot, user, count, size, spread=size < 1e6)
    report.line(f"\n{title}: {count} mails, {octets / count / 1000:.1f} kB on "
                f"average, median of {ROUNDS}")
    report.line(f"{'':24}{'mails/s':>9}{'MB/s':>8}{'of raw':>8}{'CPU s':>8}"
                f"{'peak MB':>9}   all rounds, s")
    runs = make(dovecot, user, folder / "work", *args)
    runs["raw FETCH, discarded"]()  # warms the page cache for all of them
    results: dict = {name: [] for name in runs}
    failed = 0
    for _ in range(ROUNDS):
        for name in list(runs):
            try:
                results[name].append(runs[name]())
            except RuntimeError as error:
                report.line(f"{name} FAILED: {error}")
                del runs[name], results[name]
                failed += 1
    raw = statistics.median(
        result.seconds for result in results["raw FETCH, discarded"])
    for name, rounds in results.items():
        middle = sorted(rounds)[len(rounds) // 2]
        every = " ".join(f"{result.seconds:.1f}" for result in rounds)
        report.line(f"{name:24}{count / middle.seconds:9.0f}"
                    f"{octets / middle.seconds / 1e6:8.0f}"
                    f"{raw / middle.seconds:8.2f}{middle.cpu:8.1f}"
                    f"{middle.peak / 1e6:9.0f}   {every}")
    shutil.rmtree(Path(dovecot.options["folder"]) / "users" / user)
    return failed


def catchup(report: Report, folder: Path) -> None:
    cases = [("medium", MAILS, 36_000), ("small", MAILS * 5 // 2, 2_000),
             ("large", max(MAILS // 500, 4), 25_000_000)]
    dovecot = Dovecot(fsync=False)
    try:
        failed = sum(compare(report, f"Catch-up, {name} mails", dovecot, name,
                             count, size, folder)
                     for name, count, size in cases)
    finally:
        dovecot.remove()
    if failed:
        raise RuntimeError(f"{failed} did not finish, see above")


def into(report: Report, folder: Path, name: str, make, server) -> None:
    """A real server, which takes its share of the cores too."""
    dovecot = Dovecot(fsync=False)
    try:
        failed = sum(compare(report, f"Into {name}, {case} mails", dovecot,
                             case, count, size, folder, make, server)
                     for case, count, size in (
                         ("medium", MAILS, 36_000),
                         ("small", MAILS * 5 // 2, 2_000)))
    finally:
        dovecot.remove()
        server.remove()
    if failed:
        raise RuntimeError(f"{failed} did not finish, see above")


def kafka(report: Report, folder: Path) -> None:
    into(report, folder, "Kafka", contenders.kafka_contenders, KafkaBroker())


def redis(report: Report, folder: Path) -> None:
    """With appendfsync always, so that what it acknowledges is durable."""
    into(report, folder, "Redis", contenders.redis_contenders, RedisServer())


class Watching:
    """mailbridge with that many accounts, all of them in IDLE."""

    def __init__(self, dovecot, users: list, folder: Path) -> None:
        self.config = contenders.write_config(
            dovecot, users, contenders.fresh(folder),
            {"type": "directory", "path": "out"}, start="now")
        self.server = Server("mailbridge")
        start = time.monotonic()
        self.server.spawn(
            [contenders.BRIDGE, "run", "-c", self.config],
            folder / "stderr.txt", cwd=folder)
        wait_until(lambda: self.idle() == len(users), 300,
                   f"{len(users)} mailboxes in IDLE", step=0.2)
        self.seconds = time.monotonic() - start

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


def idle(report: Report, folder: Path) -> None:
    dovecot = Dovecot(clients=IDLE + 100, hibernate=True, fsync=False)
    try:
        found = {}
        for count in (1, IDLE):
            watching = Watching(dovecot, [f"u{n}" for n in range(count)],
                                folder / "work")
            found[count] = watching.memory()
            seconds, cpu = watching.seconds, watching.cpu()
            if count == IDLE:
                time.sleep(5)  # until the last marks are written
                before = watching.cpu()
                time.sleep(QUIET)
                quiet = watching.cpu() - before
                delays = deliver(dovecot, [f"u{n}" for n in range(20)],
                                 folder / "work", 100)
            watching.server.stop()
    finally:
        dovecot.remove()
    report.line(f"\nIdle: {IDLE} accounts, TLS, one mailbox each")
    for kind in ("Rss", "Pss"):
        alone, all_ = found[1][kind], found[IDLE][kind]
        each = (all_ - alone) / max(IDLE - 1, 1)
        report.line(f"  {kind.upper()}: {alone} kB with one, {all_} kB with "
                    f"all: {each:.1f} kB for each further one")
    report.line(f"  all in IDLE after {seconds:.1f} s, {cpu:.1f} s of CPU "
                "(seen by asking status every 0.2 s)")
    report.line(f"  {quiet:.2f} s of CPU in {QUIET} s of quiet: "
                f"{quiet / QUIET * 100:.2f} % of a core")
    report.line("  from the end of a delivery to the durable file: " +
                shares(delays))


def deliver(dovecot, users: list, work: Path, mails: int) -> list:
    """One mail after the other; how long each took to its file, in ms."""
    times = []
    sessions = {user: dovecot.login(user) for user in users}
    for number in range(mails):
        user = users[number % len(users)]
        path = work / "out" / user / "INBOX"
        before = len(list(path.glob("*"))) if path.is_dir() else 0
        sessions[user].append("INBOX", None, None,
                              mailbox.compose(number, 8000))
        start = time.monotonic()
        wait_until(lambda: path.is_dir() and
                   len(list(path.glob("*"))) > before, 30, "the file",
                   step=0.0002)
        times.append((time.monotonic() - start) * 1000)
    return times


def shares(times: list) -> str:
    times = sorted(times)
    return ", ".join(
        f"p{share} {times[min(len(times) * share // 100, len(times) - 1)]:.1f}"
        " ms" for share in (50, 90, 99))


def latency(report: Report, folder: Path, boxes: int = 50,
            mails: int = 200) -> None:
    """From the end of the delivery to the durable file."""
    dovecot = Dovecot(clients=200, hibernate=True, fsync=False)
    try:
        users = [f"u{number}" for number in range(boxes)]
        watching = Watching(dovecot, users, folder / "work")
        time.sleep(2)  # until Dovecot hibernates them, see below
        times = deliver(dovecot, users, folder / "work", mails)
        watching.server.stop()
    finally:
        dovecot.remove()
    report.line(f"\nLatency: {mails} mails into {boxes} idle mailboxes, from "
                "the end of the delivery to the durable file")
    report.line("  " + shares(times))
    report.line("  (Dovecot hibernates idle connections here; otherwise its "
                "own delay of 500 ms is in it)")


def programs(report: Report, folder: Path) -> None:
    """The programs of tests/bench/*.c, each with its own output."""
    for path in sorted((contenders.ROOT / "build/bench").glob("*")):
        if path.suffix or path.name == "fetch_discard":
            continue
        done = subprocess.run([path], capture_output=True, text=True,
                              cwd=contenders.ROOT)
        report.line(f"\n{path.name}" + (
            "" if done.returncode == 0 else f" FAILED: {done.stderr}"))
        report.line(done.stdout.rstrip())


def main() -> int:
    contenders.raise_file_limit()
    report = Report()
    commit = subprocess.run(["git", "describe", "--always", "--dirty"],
                            capture_output=True, text=True).stdout.strip()
    report.line(f"mailbridge {commit}, {os.cpu_count()} cores, "
                f"{time.strftime('%Y-%m-%d %H:%M')}")
    failed = 0
    folder = new_folder("bench")
    for part in (catchup, kafka, redis, idle, latency, programs):
        if part.__name__ not in ONLY:
            continue
        try:
            part(report, folder)
        except (RuntimeError, TimeoutError) as error:
            report.line(f"\n{part.__name__} FAILED: {error}")
            failed += 1
    shutil.rmtree(folder, ignore_errors=True)
    print(f"\nsaved to {REPORT}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
