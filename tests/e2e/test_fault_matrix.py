"""Each call fails with each error that its manual page has; once, and for as
long as the trouble lasts.  The daemon says why, ends with that reason or goes
on by itself, and nothing is lost or comes twice where that is promised."""

import errno
import os
import re
from collections import Counter

import pytest

import kinds
from bridge import EX_CONFIG, EX_NOPERM, EX_TEMPFAIL, EX_UNAVAILABLE
from faults import Faults
from matrix import Matrix

SYNC = ("EIO", "late-EIO", "ENOSPC", "EDQUOT", "EROFS", "EINTR")
WRITE = ("ENOSPC", "EDQUOT", "EFBIG", "EIO", "EINTR", "EPERM", "short")
SEND = ("ECONNRESET", "EPIPE", "EAGAIN", "EINTR", "ENOBUFS", "ENOMEM",
        "ETIMEDOUT", "EHOSTUNREACH", "short")
OPEN = ("EMFILE", "ENFILE", "ENOMEM", "EACCES", "EIO", "EINTR", "ESTALE")
CHANGE = ("ENOSPC", "EDQUOT", "EROFS", "EIO", "EACCES", "EPERM", "ENOMEM",
          "ESTALE")
ERRORS = {
    "write": WRITE, "pwrite": WRITE, "writev": WRITE,
    "fsync": SYNC, "fdatasync": SYNC, "syncfs": SYNC,
    "open": (*OPEN, "ENOSPC", "EDQUOT", "EROFS", "EPERM"), "read-open": OPEN,
    "ftruncate": ("EIO", "EFBIG", "EINTR", "EROFS", "EPERM"),
    "rename": (*CHANGE, "EBUSY", "EMLINK"), "mkdir": (*CHANGE, "EMLINK"),
    "unlink": ("EACCES", "EBUSY", "EIO", "ENOMEM", "EPERM", "EROFS"),
    "close": ("EIO", "EINTR", "ENOSPC", "EDQUOT"),
    "send": SEND, "sendto": SEND, "sendmsg": SEND,
}
PIPE = (*SEND[1:5], "short")
ENDED = (EX_CONFIG, EX_NOPERM, EX_TEMPFAIL, EX_UNAVAILABLE)


class FaultMatrix(Matrix):
    def daemon(self, call: str, place: str, error: str, number: int = 1,
               times: int = 1) -> str:
        """How it ended where this call fails on files whose names have this
        in them: "passed", "ended"."""
        bridge = self.new()
        until = self.folder / "until"
        until.unlink(missing_ok=True)
        self.kind.prepare(bridge)
        faults = Faults(self.folder / "calls.txt", calls=(call,),
                        paths=self.kind.paths if place == "pipe:["
                        else (place,))
        bridge.faults = faults.at(number, error, times, str(until))
        bridge.start()
        bridge.wait_ended_or(lambda: self.reason(bridge, error) or self.all(),
                             "the reason, or all of it")
        told = self.reason(bridge, error)
        until.touch()
        bridge.wait_ended_or(self.all, "all of it")
        code = bridge.terminate() if bridge.running() else bridge.wait_exit()
        self.kind.ended()
        if code != 0:
            assert code in ENDED, f"{code}: {bridge.tail()}"
            assert re.search(r"error:.*\w", bridge.printed()), bridge.tail()
            assert told, bridge.tail()
        self.walked[call] += bridge.faults.was_hit()
        if code == 0:
            self.compare(bridge)
            return "passed"
        self.check(bridge)
        return "ended"

    def all(self) -> bool:
        return set(self.kind.seen()) == self.expected

    def reason(self, bridge, error: str) -> bool:
        name = error.removeprefix("late-")
        text = os.strerror(getattr(errno, name)) if name != "short" else "-"
        return text in bridge.printed() or re.search(
            "disk I/O error|full|unable to open|readonly|mail is taken",
            bridge.printed()) is not None


def places(calls: list, folder) -> Counter:
    """{(call, what it is done to): how often}; a file's number aside."""
    def place(target: str) -> str:
        name = re.sub(r"(?<=pipe:\[).*|\d{6,}.*|[0-9a-f]{16}-\d+$", "",
                      target)
        return name.removeprefix(str(folder)) + "$" * (name == target)

    return Counter((call.name, place(call.target)) for call in calls)


@pytest.mark.long
@pytest.mark.timeout(3600)
# The pipes of exec cannot be told from those of libuv, which ends at an error.
@pytest.mark.parametrize("name", [name for name in kinds.NAMES
                                  if name != "exec"])
def test_every_error(name, request, folder, dovecot, user, record_property):
    kind = kinds.make(name, folder, request)
    kind.calls = tuple(ERRORS)
    matrix = FaultMatrix(kind, folder, dovecot, user)
    calls = matrix.run(matrix.new())
    ends = []
    for (call, place), count in places(calls, folder).items():
        state = "/state/" in place
        if state and name != "directory":
            continue  # as with the directory
        errors = ERRORS[call]
        if place.startswith(("pipe:", "tcp:")):
            if call == "close":
                continue  # at the end, when all is done
            errors = PIPE if place.startswith("pipe:") else SEND
        for error in errors:
            ends.append(matrix.daemon(call, place, error))
            if count > 1 and not state:
                ends.append(matrix.daemon(call, place, error, count))
        ends.append(matrix.daemon(call, place, errors[0], times=0))
    record_property("told", f"{matrix.told()}; ended with the reason: "
                    f"{ends.count('ended')}")
