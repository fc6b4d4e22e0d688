"""Trouble, as a seed decides: whatever can be is killed, stopped, cut off."""

import random
import signal
import time
from typing import Callable


class Target:
    """A process, and the proxy before it if there is one."""

    def __init__(self, name: str, server, proxy=None) -> None:
        self.name = name
        self.server = server
        self.proxy = proxy
        self.mend = None  # what ends the trouble that it is in
        self.until = 0.0

    def kinds(self) -> list:
        return ["kill", "stop", *(["cut", "hold"] if self.proxy else [])]

    def trouble(self, kind: str) -> Callable:
        """Begin; returns what ends it."""
        if kind == "kill":
            self.server.kill()
            return self.server.start
        if kind == "stop":
            self.server.signal_group(signal.SIGSTOP)
            return lambda: self.server.signal_group(signal.SIGCONT)
        if kind == "cut":
            self.proxy.cut()
            return lambda: None
        self.proxy.hold()
        return self.proxy.free


class Nemesis:
    """Of one seed.  history: (second, text)."""

    LONGEST = {"kill": 5, "stop": 8, "cut": 0, "hold": 10}

    def __init__(self, seed: int, targets: list) -> None:
        self.chance = random.Random(seed)
        self.targets = targets
        self.began = time.monotonic()
        self.history: list = []
        self.counts: dict = {}

    def note(self, text: str) -> None:
        line = f"{time.monotonic() - self.began:7.2f} {text}"
        self.history.append(line)
        print(line, flush=True)

    def run(self, seconds: float) -> None:
        end = self.began + seconds
        while time.monotonic() < end:
            self.strike()
            pause = time.monotonic() + self.chance.uniform(0.5, 4)
            while time.monotonic() < pause:
                self.mend(time.monotonic())
                time.sleep(0.05)  # the moment is the point
        self.mend(float("inf"))
        self.note("all is well again")

    def strike(self) -> None:
        target = self.chance.choice(self.targets)
        kind = self.chance.choice(target.kinds())
        seconds = self.chance.uniform(0, self.LONGEST[kind])
        if target.mend is not None:
            return
        for one in self.targets:
            assert one.mend or one.server.running(), (
                f"{one.name} has ended by itself:\n{one.server.tail()}")
        self.note(f"{kind} {target.name} for {seconds:.1f} s")
        self.counts[kind] = self.counts.get(kind, 0) + 1
        target.mend = target.trouble(kind)
        target.until = time.monotonic() + seconds

    def mend(self, now: float) -> None:
        for target in self.targets:
            if target.mend is not None and target.until <= now:
                target.mend()
                target.mend = None
                self.note(f"{target.name} again")
