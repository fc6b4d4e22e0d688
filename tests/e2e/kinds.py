"""The kinds of sinks, for tests that do the same with each: what it writes to,
made new each time, and the calls that are its steps."""

import itertools
import json
import os
import subprocess
from pathlib import Path

import pytest

from outputs import (WEBHOOK_SECRET, DirectoryOutput, ExecOutput, KafkaOutput,
                     RedisOutput, WebhookOutput)
from bridge import schemas

FILES = ("open", "write", "pwrite", "writev", "fsync", "fdatasync", "syncfs",
         "ftruncate", "rename", "link", "unlink", "mkdir", "close",
         "sqlite-commit")
# Of the state directory, for sinks that make no such calls themselves: what
# is written in between is walked with the directory.
STATE = ("fdatasync", "fsync", "rename", "sqlite-commit")
SENDS = ("send", "sendto", "sendmsg", "write")


class Kind:
    """calls and paths: see Faults; once: no event may come twice."""

    calls = FILES
    paths: tuple = ()
    once = False

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.numbers = itertools.count(1)

    def renew(self):
        """A new, empty output; it is told by section() and ids()."""
        raise NotImplementedError

    def prepare(self, bridge) -> None:
        """Before each start."""

    def ended(self) -> None:
        """After each end of the bridge."""

    def section(self) -> dict:
        return self.output.section()

    def ids(self) -> list:
        """(mailbox, id) of each event, repeats too."""
        return [(event["mailbox"], event["id"])
                for event in self.output.events()]

    def seen(self) -> list:
        """The same, while the bridge runs."""
        return self.ids()


class Directory(Kind):
    once = True  # by the names of the files

    def renew(self) -> None:
        self.output = DirectoryOutput(self.folder / f"out{next(self.numbers)}")
        self.paths = (str(self.output.path),)

    def ids(self) -> list:
        return super().ids() + [(reset["mailbox"], reset["id"])
                                for reset in self.output.resets()]


class File(Kind):
    """Standard output, appended to a file."""

    calls = (*STATE, "write", "writev")

    def renew(self) -> None:
        self.path = self.folder / f"lines{next(self.numbers)}"
        self.paths = (str(self.path),)

    def prepare(self, bridge) -> None:
        bridge.stdout = self.path.open("ab")

    def section(self) -> dict:
        return {"type": "stdout"}

    def ids(self) -> list:
        """What a kill cut off is a line of its own."""
        found = []
        for line in self.path.read_bytes().split(b"\n")[:-1]:
            try:
                json.loads(line)
            except ValueError:
                assert line.count(b'{"account":') == 1, line
                continue
            event = schemas.check(line)
            found.append((event["mailbox"], event["id"]))
        return found


class Pipe(File):
    """Standard output, to a program; a reader for each run."""

    def renew(self) -> None:
        super().renew()
        self.found: list = []
        self.reader = None

    def prepare(self, bridge) -> None:
        self.reader = subprocess.Popen(
            ["cat"], stdin=subprocess.PIPE, stdout=self.path.open("wb"))
        bridge.stdout = self.reader.stdin
        number = os.fstat(self.reader.stdin.fileno()).st_ino
        self.paths = (f"pipe:[{number}]",)  # the program has others, too

    def ended(self) -> None:
        if self.reader is not None:
            self.reader.stdin.close()
            self.reader.wait()
            self.reader = None
            self.found += super().ids()

    def ids(self) -> list:
        return self.found

    def seen(self) -> list:
        return self.found + super().ids()


class Redis(Kind):
    calls = (*STATE, *SENDS, "redis-command", "redis-read")

    def __init__(self, folder: Path, server, delivery: str) -> None:
        super().__init__(folder)
        self.server = server
        self.delivery = delivery
        self.once = delivery == "exactly_once"

    def renew(self) -> None:
        self.output = RedisOutput(self.server, f"s{next(self.numbers)}",
                                  delivery=self.delivery)
        self.paths = (f"tcp:127.0.0.1:{self.server.port}",)


class Kafka(Kind):
    calls = (*STATE, *SENDS, "kafka-init", "kafka-begin", "kafka-produce",
             "kafka-report", "kafka-commit", "kafka-abort")

    def __init__(self, folder: Path, broker, delivery: str) -> None:
        super().__init__(folder)
        self.broker = broker
        self.delivery = delivery
        self.once = delivery == "exactly_once"
        self.output = None

    def renew(self) -> None:
        if self.output is not None:
            self.output.remove()
        self.output = KafkaOutput(
            self.broker, f"{self.folder.name}-{next(self.numbers)}",
            delivery=self.delivery)
        self.output.create(partitions=1)
        self.paths = (f"tcp:127.0.0.1:{self.broker.port}",)


class Webhook(Kind):
    calls = (*STATE, *SENDS)

    def __init__(self, folder: Path, receiver) -> None:
        super().__init__(folder)
        self.receiver = receiver
        self.secret = folder / "webhook.secret"
        self.secret.write_text(WEBHOOK_SECRET + "\n")
        self.secret.chmod(0o600)
        self.paths = (f"tcp:127.0.0.1:{receiver.port}",)

    def renew(self) -> None:
        del self.receiver.requests[:]
        self.output = WebhookOutput(self.receiver, str(self.secret))


class Exec(Kind):
    """A program that passes over what it has."""

    calls = (*STATE, "pipe", "spawn", "write", "writev", "read")
    paths = ("program:",)
    once = True

    def renew(self) -> None:
        place = self.folder / f"exec{next(self.numbers)}"
        place.mkdir()
        self.output = ExecOutput(place)


def make(name: str, folder: Path, request) -> Kind:
    """By a name such as "redis exactly_once"; starts what it needs."""
    kind, _, delivery = name.partition(" ")
    if kind == "redis":
        return Redis(folder, request.getfixturevalue("redis_server"), delivery)
    if kind == "kafka":
        return Kafka(folder, request.getfixturevalue("kafka"), delivery)
    if kind == "webhook":
        return Webhook(folder, request.getfixturevalue("receiver"))
    return {"directory": Directory, "file": File, "pipe": Pipe,
            "exec": Exec}[kind](folder)


NAMES = ("directory", "file", "pipe", "redis at_least_once",
         "redis exactly_once", "kafka at_least_once", "kafka exactly_once",
         "webhook", "exec")


def case(name: str, reset: bool = False):
    """With a mailbox that is numbered anew, or without."""
    return pytest.param(name, reset, id=f"{name} reset" if reset else name)


CASES = (*map(case, NAMES), *(case(name, True) for name in (
    "directory", "pipe", "redis exactly_once", "kafka exactly_once")))
