"""Those who run side by side; each reads the whole mailbox once."""

import itertools
import json
import os
import re
import resource
import shutil
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

from outputs import WEBHOOK_SECRET, KafkaOutput, RedisOutput
from servers.dovecot import PASSWORD

topics = itertools.count(1)

ROOT = Path(__file__).resolve().parents[2]
BRIDGE = ROOT / "build/mailbridge"


class Result(NamedTuple):
    seconds: float
    cpu: float
    peak: int  # octets


def peak_memory(pid: int) -> int:
    """In octets, so far; 0 when it has just ended. (wait4's ru_maxrss would
    count our own memory, from before the exec.)"""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = re.search(r"VmHWM:\s+(\d+) kB", text)
    return int(found[1]) * 1024 if found else 0


def measure(argv: list, folder: Path) -> Result:
    """Run it to its end; it must succeed. Its output is thrown away."""
    with (folder / "stderr.txt").open("wb") as errors:
        start = time.monotonic()
        process = subprocess.Popen([str(arg) for arg in argv], cwd=folder,
                                   stdin=subprocess.DEVNULL,
                                   stdout=subprocess.DEVNULL, stderr=errors)
        peak, ended = 0, 0
        while not ended:
            peak = max(peak, peak_memory(process.pid))
            time.sleep(0.005)
            ended, status, usage = os.wait4(process.pid, os.WNOHANG)
        seconds = time.monotonic() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        text = (folder / "stderr.txt").read_text(errors="replace")[-2000:]
        raise RuntimeError(f"{argv[0]} ended with {process.returncode}:\n"
                           f"{text}")
    return Result(seconds, usage.ru_utime + usage.ru_stime, peak)


def fresh(folder: Path) -> Path:
    """An empty folder, with no writes of the one before under way."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    os.sync()
    return folder


def raw(dovecot, user: str, folder: Path) -> Result:
    return measure([ROOT / "build/bench/fetch_discard", "localhost",
                    dovecot.port_tls, user, PASSWORD, "INBOX"], fresh(folder))


def mbsync_config(dovecot, user: str, folder: Path, fsync: bool) -> str:
    out = subprocess.run(["mbsync", "--version"], capture_output=True,
                         text=True).stdout
    version = tuple(int(part) for part in out.split()[1].split(".")[:2])
    tls = "TLSType" if version >= (1, 5) else "SSLType"
    return f"""\
FSync {"yes" if fsync else "no"}

IMAPStore far
Host localhost
Port {dovecot.port_tls}
User {user}
Pass {PASSWORD}
{tls} IMAPS
CertificateFile {dovecot.ca}

MaildirStore near
Path {folder}/mail/
Inbox {folder}/mail/INBOX

Channel all
Far :far:INBOX
Near :near:INBOX
Sync Pull New
Create Near
SyncState *
"""


def mbsync(dovecot, user: str, folder: Path, fsync: bool) -> Result:
    fresh(folder)
    (folder / "mail").mkdir()
    config = folder / "mbsyncrc"
    config.write_text(mbsync_config(dovecot, user, folder, fsync))
    return measure(["mbsync", "-c", config, "all"], folder)


def write_config(dovecot, users: list, folder: Path, sink: dict,
                 **account) -> Path:
    secret = folder / "secret.txt"
    secret.touch(mode=0o600)
    secret.write_text(PASSWORD + "\n")
    config = folder / "mailbridge.yaml"
    config.write_text(json.dumps({
        "state": "state", "sinks": {"events": sink},
        "defaults": {
            "host": "localhost", "port": dovecot.port_tls,
            "tls_ca": dovecot.ca, "mailboxes": ["INBOX"],
            "auth": {"method": "password",
                     "password": {"file": "secret.txt"}}, **account},
        "accounts": [{"name": user, "user": user} for user in users]}))
    return config


def mailbridge(dovecot, user: str, folder: Path, sink: dict) -> Result:
    fresh(folder)
    config = write_config(dovecot, [user], folder, sink, start="beginning")
    return measure([BRIDGE, "run", "--once", "-c", config], folder)


def contenders(dovecot, user: str, folder: Path) -> dict:
    return {
        "raw FETCH, discarded": lambda: raw(dovecot, user, folder),
        "mbsync, FSync off": lambda: mbsync(dovecot, user, folder, False),
        "mbsync, FSync on": lambda: mbsync(dovecot, user, folder, True),
        "mailbridge, stdout": lambda: mailbridge(
            dovecot, user, folder, {"type": "stdout"}),
        "mailbridge, directory": lambda: mailbridge(
            dovecot, user, folder, {"type": "directory", "path": "out"}),
    }


def kafka_contenders(dovecot, user: str, folder: Path, broker) -> dict:
    """Each run into a topic of its own, which is there before it begins."""
    def run(delivery: str) -> Result:
        topic = f"mail{next(topics)}"
        KafkaOutput(broker, topic).create()
        return mailbridge(dovecot, user, folder, {
            "type": "kafka", "brokers": broker.brokers, "topic": topic,
            "delivery": delivery})

    return {
        "raw FETCH, discarded": lambda: raw(dovecot, user, folder),
        "Kafka, at least once": lambda: run("at_least_once"),
        "Kafka, exactly once": lambda: run("exactly_once"),
    }


def redis_contenders(dovecot, user: str, folder: Path, server) -> dict:
    """The stream is kept short, for it is all in memory."""
    def run(delivery: str) -> Result:
        RedisOutput(server, "mail").client.flushall()
        return mailbridge(dovecot, user, folder, {
            "type": "redis", "url": server.url, "maxlen": 1000,
            "delivery": delivery})

    return {
        "raw FETCH, discarded": lambda: raw(dovecot, user, folder),
        "Redis, at least once": lambda: run("at_least_once"),
        "Redis, exactly once": lambda: run("exactly_once"),
    }


def stdout_beside(dovecot, user: str, folder: Path) -> dict:
    """What others are compared with."""
    return {
        "raw FETCH, discarded": lambda: raw(dovecot, user, folder),
        "stdout": lambda: mailbridge(dovecot, user, folder,
                                     {"type": "stdout"}),
    }


def cpu_of_children(pid: int) -> float:
    """Seconds, with its own."""
    ticks = 0
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for one in [pid, *children]:
        fields = Path(f"/proc/{one}/stat").read_text().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def webhook_contenders(dovecot, user: str, folder: Path, nginx,
                       taken: dict) -> dict:
    """nginx answers 204 by itself, whatever comes; what it takes for that goes
    to taken."""
    secret = nginx.folder / "secret"
    secret.write_text(WEBHOOK_SECRET)
    secret.chmod(0o600)
    urls = {"HTTP/1.1": f"http://127.0.0.1:{nginx.plain}/none",
            "HTTP/2, TLS": f"https://localhost:{nginx.port}/none"}

    def run(name: str, url: str, order: str) -> Result:
        before = cpu_of_children(nginx.process.pid)
        result = mailbridge(dovecot, user, folder, {
            "type": "webhook", "url": url, "secret": {"file": str(secret)},
            "tls_ca": nginx.ca, "order": order})
        taken.setdefault(name, []).append(
            cpu_of_children(nginx.process.pid) - before)
        return result

    runs = stdout_beside(dovecot, user, folder)
    for protocol, url in urls.items():
        for order in ("mailbox", "none"):
            name = f"{protocol}, order {order}"
            runs[name] = lambda name=name, url=url, order=order: run(
                name, url, order)
    return runs


def exec_contenders(dovecot, user: str, folder: Path) -> dict:
    """A program in C that answers at once; its CPU is in that of the run."""
    def run(in_flight: int) -> Result:
        return mailbridge(dovecot, user, folder, {
            "type": "exec", "command": [str(ROOT / "build/bench/answer")],
            "max_in_flight": in_flight})

    return {**stdout_beside(dovecot, user, folder),
            "exec, one in flight": lambda: run(1),
            "exec, 64 in flight": lambda: run(64)}


def raise_file_limit() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
