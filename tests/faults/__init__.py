"""Makes the n-th call of a program fail, or the program die at it.

    faults = Faults(calls=["fsync", "rename"], paths=["/out/"])
    bridge.faults = faults           # environment of the next start
    ... run; then
    total = faults.count()           # so many of them there were
    for n in range(1, total + 1):
        bridge.faults = faults.at(n, "kill-before")

What can be counted and done is in faults.h."""

import subprocess
from dataclasses import dataclass, field, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = ROOT / "build/faults.so"


def build() -> Path:
    """The library to preload; made anew only when its sources changed."""
    subprocess.run(["make", "-s", "--no-print-directory",
                    str(LIBRARY.relative_to(ROOT))], cwd=ROOT, check=True)
    return LIBRARY


@dataclass(frozen=True)
class Call:
    number: int
    name: str
    target: str
    hit: bool


@dataclass(frozen=True)
class Faults:
    """times: so many calls in a row are hit; 0: all from number on, as long as
    there is no file `until`."""

    log: Path
    calls: tuple = ()
    paths: tuple = ()
    number: int = 0
    action: str = ""
    times: int = 1
    until: str = ""
    library: Path = field(default_factory=build)

    def at(self, number: int, action: str, times: int = 1,
           until: str = "") -> "Faults":
        """The same calls, with one of them hit."""
        return replace(self, number=number, action=action, times=times,
                       until=until)

    def environment(self) -> dict:
        """To be added to the program's own (whose ASAN_OPTIONS must say
        verify_asan_link_order=0); begins a new log."""
        self.log.unlink(missing_ok=True)
        return {"LD_PRELOAD": str(self.library),
                "FAULTS_CALLS": ",".join(self.calls),
                "FAULTS_PATHS": ",".join(self.paths),
                "FAULTS_AT": str(self.number),
                "FAULTS_TIMES": str(self.times),
                "FAULTS_UNTIL": self.until,
                "FAULTS_ACTION": self.action,
                "FAULTS_LOG": str(self.log)}

    def made(self) -> list:
        """The calls counted in the last run, in their order."""
        if not self.log.exists():
            return []
        calls = []
        for line in self.log.read_text(errors="replace").splitlines():
            number, name, rest = (line + " ").split(" ", 2)
            hit = rest.rstrip().endswith("HIT")
            target = rest.rstrip().removesuffix("HIT").rstrip()
            calls.append(Call(int(number), name, target, hit))
        return calls

    def count(self) -> int:
        return len(self.made())

    def was_hit(self) -> bool:
        return any(call.hit for call in self.made())
