"""`make bench`: mailbridge beside others, in one run, on this machine.

What counts are the ratios: all share the cores with Dovecot, read the same
mailbox over TLS, and run in turn, BENCH_ROUNDS times; the median is shown.

    BENCH_MAILS=20000   mails of 36 KB of the first case (others scale)
    BENCH_IDLE=1000     mailboxes in IDLE
    BENCH_QUIET=60      seconds for which they do nothing, their CPU measured
    BENCH_MANY=10000    the same, at a light server of our own
    BENCH_ROUNDS=3
    BENCH_ONLY=catchup,kafka,redis,webhook,exec,idle,many,latency,programs
"""

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
from servers.nginx import Nginx  # noqa: E402
from servers.process import new_folder  # noqa: E402
from servers.redisserver import RedisServer  # noqa: E402
from waiting import idle, latency, many  # noqa: E402

MAILS = int(os.environ.get("BENCH_MAILS", 20000))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", 3))
ONLY = os.environ.get(
    "BENCH_ONLY",
    "catchup,kafka,redis,webhook,exec,idle,many,latency,programs").split(",")
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


def into(report: Report, folder: Path, name: str, make, *servers) -> None:
    """A real server, which takes its share of the cores too."""
    dovecot = Dovecot(fsync=False)
    try:
        failed = sum(compare(report, f"Into {name}, {case} mails", dovecot,
                             case, count, size, folder, make, *servers)
                     for case, count, size in (
                         ("medium", MAILS, 36_000),
                         ("small", MAILS * 5 // 2, 2_000)))
    finally:
        dovecot.remove()
        for server in servers:
            server.remove()
    if failed:
        raise RuntimeError(f"{failed} did not finish, see above")


def kafka(report: Report, folder: Path) -> None:
    into(report, folder, "Kafka", contenders.kafka_contenders, KafkaBroker())


def redis(report: Report, folder: Path) -> None:
    """With appendfsync always, so that what it acknowledges is durable."""
    into(report, folder, "Redis", contenders.redis_contenders, RedisServer())


def webhook(report: Report, folder: Path) -> None:
    taken: dict = {}  # by nginx, CPU seconds of each run
    nginx = Nginx(9)  # nobody is behind it
    into(report, folder, "a webhook", lambda *args:
         contenders.webhook_contenders(*args, taken), nginx)
    for name, seconds in taken.items():
        report.line(f"{name:24}nginx' own CPU, all cases, s: " + " ".join(
            f"{one:.1f}" for one in seconds))


def exec(report: Report, folder: Path) -> None:
    into(report, folder, "a program", contenders.exec_contenders)


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
    for part in (catchup, kafka, redis, webhook, exec, idle, many, latency, programs):
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
