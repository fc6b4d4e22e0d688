"""A small piece of work done over and over, with something going wrong at
another of its steps each time; at its end all must have come out."""

import contextlib
import random
import shutil
import sqlite3
from collections import Counter
from pathlib import Path

import outputs
from bridge import Bridge, account
from faults import Faults
from mails import mails

MAILBOXES = {"INBOX": 4, "Orders": 2}


class Matrix:
    """One kind of sink."""

    def __init__(self, kind, folder: Path, dovecot, user: str) -> None:
        self.kind = kind
        self.folder = self.bridges = folder
        self.user = user
        self.dovecot = dovecot
        dovecot.create(user, "Orders")
        for mailbox, count in MAILBOXES.items():
            dovecot.append(user, mails(count, size=3000), mailbox)
        self.expected = {
            (mailbox, f"{dovecot.uidvalidity(user, mailbox)}-{uid}")
            for mailbox in MAILBOXES for uid in dovecot.uids(user, mailbox)}
        self.walked: Counter = Counter()  # by the name of the call

    def new(self) -> Bridge:
        """A bridge without a state, to an empty output."""
        self.kind.renew()
        shutil.rmtree(self.bridges / "bridge", ignore_errors=True)
        return self.old()

    def old(self) -> Bridge:
        """One with the state and the output that are there."""
        return Bridge(self.bridges / "bridge",
                      [account(self.dovecot, self.user,
                               mailboxes=list(MAILBOXES))],
                      {"events": self.kind.section()})

    def run(self, bridge: Bridge, number: int = 0, action: str = "",
            **options) -> list:
        """Once, until it ends by itself; the calls that it made."""
        self.kind.prepare(bridge)
        faults = Faults(self.folder / "calls.txt", calls=self.kind.calls,
                        paths=("/state/", *self.kind.paths))
        bridge.faults = faults.at(number, action, **options)
        bridge.start("--once")
        try:
            self.code = bridge.wait_exit(60)
        finally:
            bridge.kill()
            self.kind.ended()
        return bridge.faults.made()

    def check(self, bridge: Bridge) -> None:
        """What is left comes out now; then nothing is missing, and nothing
        there twice that may not be."""
        bridge.faults = None
        self.kind.prepare(bridge)
        try:
            bridge.once()
        finally:
            bridge.kill()
            self.kind.ended()
        self.compare(bridge)

    def compare(self, bridge: Bridge) -> None:
        ids = self.kind.ids()
        assert set(ids) == self.expected, bridge.tail()
        repeated = len(ids) - len(self.expected)
        assert not (self.kind.once and repeated), (sorted(ids), bridge.tail())
        assert self.marks(bridge) == MAILBOXES, bridge.tail()
        bridge.finish()
        outputs.made.clear()

    def marks(self, bridge: Bridge) -> dict:
        """{mailbox: last UID}; without a process of its own, it is called
        often."""
        path = bridge.folder / "state/checkpoint.db"
        try:
            with contextlib.closing(sqlite3.connect(
                    f"file:{path}?mode=ro", uri=True)) as database:
                return dict(database.execute(
                    "SELECT mailbox, uid FROM checkpoint").fetchall())
        except sqlite3.OperationalError:
            return {}  # not there yet

    def crash(self, number: int, action: str, chance: random.Random,
              last: int) -> bool:
        """Killed at this call; and the next one, too, at any of its calls.
        Did it get so far?"""
        bridge = self.new()
        hit = [call for call in self.run(bridge, number, action) if call.hit]
        assert self.code == (-9 if hit else 0), bridge.tail()
        self.walked.update(call.name for call in hit)
        if hit and action == "kill-after":
            self.run(bridge, chance.randint(1, last), "kill-before")
            assert self.code in (-9, 0), bridge.tail()
        self.check(bridge)
        return bool(hit)

    def told(self) -> str:
        names = ", ".join(f"{name} {count}" for name, count
                          in sorted(self.walked.items()))
        return f"{sum(self.walked.values())} points: {names}"
