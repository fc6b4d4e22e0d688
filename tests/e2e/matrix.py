"""A small piece of work done over and over, with something going wrong at
another of its steps each time; at its end all must have come out."""

import contextlib
import itertools
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
    """One kind of sink.  reset: what is walked is the run after INBOX was
    numbered anew."""

    def __init__(self, kind, folder: Path, dovecot, user: str,
                 reset: bool = False) -> None:
        self.kind = kind
        self.folder = self.bridges = folder
        self.dovecot = dovecot
        self.name = user  # of the account, and so of files, at each point
        self.users = (f"{user}-{n}" for n in itertools.count(1)
                      ) if reset else None
        self.walked: Counter = Counter()  # by the name of the call
        if not reset:
            self.fill(user)

    def fill(self, user: str) -> None:
        self.user = user
        self.dovecot.create(user, "Orders")
        for mailbox, count in MAILBOXES.items():
            self.dovecot.append(user, mails(count, size=3000), mailbox)
        self.expected = {
            (mailbox, f"{self.dovecot.uidvalidity(user, mailbox)}-{uid}")
            for mailbox in MAILBOXES
            for uid in self.dovecot.uids(user, mailbox)}
        self.last = dict(MAILBOXES)

    def new(self) -> Bridge:
        """A bridge without a state, to an empty output; or what the reset
        finds."""
        self.kind.renew()
        shutil.rmtree(self.bridges / "bridge", ignore_errors=True)
        return self.old() if self.users is None else self.numbered_anew()

    def numbered_anew(self) -> Bridge:
        """One that has published all; a mail comes, then INBOX is numbered
        anew, then another mail comes."""
        user = next(self.users)
        self.fill(user)
        bridge = self.old()
        self.kind.prepare(bridge)
        bridge.once()
        self.kind.ended()
        first = MAILBOXES["INBOX"] + 1
        validity = self.dovecot.uidvalidity(user) + 1000
        self.dovecot.append(user, mails(1, first=first))
        self.dovecot.set_uidvalidity(user, validity)
        self.dovecot.append(user, mails(1, first=first + 1))
        self.expected |= {("INBOX", f"{validity}-{name}")
                          for name in ("reset-1", first, first + 1)}
        self.last["INBOX"] = first + 1
        return bridge

    def old(self) -> Bridge:
        """One with the state and the output that are there."""
        return Bridge(self.bridges / "bridge",
                      [account(self.dovecot, self.user, name=self.name,
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
        assert self.marks(bridge) == self.last, bridge.tail()
        bridge.finish()
        outputs.made.clear()

    def marks(self, bridge: Bridge) -> dict:
        """{mailbox: last UID}, of the newest UIDVALIDITY; without a process
        of its own, it is called often."""
        path = bridge.folder / "state/checkpoint.db"
        try:
            with contextlib.closing(sqlite3.connect(
                    f"file:{path}?mode=ro", uri=True)) as database:
                return dict(database.execute(
                    "SELECT mailbox, uid FROM checkpoint ORDER BY written"
                ).fetchall())
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
