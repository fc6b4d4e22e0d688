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
RECEIVE = ("ECONNRESET", "ETIMEDOUT", "EAGAIN", "EINTR", "ENOMEM",
           "EHOSTUNREACH", "short")
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
FAR = {  # of those that are not files
    "read": ("EIO", "EAGAIN", "EINTR", "ENOMEM", "short"),
    "recv": RECEIVE, "recvmsg": RECEIVE,
    "pipe": ("EMFILE", "ENFILE", "ENOMEM"),
    "spawn": ("EAGAIN", "ENOMEM", "EMFILE", "ENFILE", "EACCES", "ENOENT"),
}
OUT = "{out}"  # what the sink writes to; it has another name each time
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
                        paths=(place.replace(OUT, self.kind.paths[0]),))
        bridge.faults = faults.at(number, error, times, str(until))
        bridge.start()
        bridge.wait_ended_or(lambda: self.reason(bridge, error)
                             or self.all(bridge), "the reason, or all of it")
        told = self.reason(bridge, error)
        until.touch()
        bridge.wait_ended_or(lambda: self.all(bridge), "all of it")
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

    def all(self, bridge) -> bool:
        """Published, and the mark says so: who is stopped between the two
        publishes again."""
        return (self.marks(bridge) == self.last
                and set(self.kind.seen()) == self.expected)

    def reason(self, bridge, error: str) -> bool:
        name = error.removeprefix("late-")
        text = os.strerror(getattr(errno, name)) if name != "short" else None
        return (text is not None and text in bridge.printed()) or re.search(
            "disk I/O error|full|unable to open|readonly|mail is taken|mail waits",
            bridge.printed()) is not None


def places(matrix, calls: list) -> Counter:
    """{(call, what it is done to): how often}; a file's number aside."""
    def place(target: str) -> str:
        target = target.replace(matrix.kind.paths[0], OUT)
        name = re.sub(r"(?<=/)\d{6,}.*|(?<=/)[0-9a-f]{16}-\d+$|"
                      r"(?<=/\.new-)\d+$|(?<=\+)\d+-reset.*", "", target)
        return name.removeprefix(str(matrix.folder)) + "$" * (name == target)

    return Counter((call.name, place(call.target)) for call in calls)


def errors_of(call: str, target: str) -> tuple:
    """of a program's pipe, of a socket, of a file."""
    if call in FAR:
        return FAR[call]
    if target.startswith(("pipe:", "program:")):
        return PIPE if call != "close" else ()  # at the end, when all is done
    if target.startswith("tcp:"):
        return SEND if call != "close" else ()
    return ERRORS[call]


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name, reset", [
    kinds.case("state"), kinds.case("state", True), *kinds.CASES])
def test_every_error(name, reset, request, folder, dovecot, user,
                     record_property):
    state = name == "state"
    kind = kinds.make("directory" if state else name, folder, request)
    kind.calls = (*ERRORS, *FAR) if name.startswith(
        ("exec", "kafka", "redis", "webhook")) else tuple(ERRORS)
    matrix = FaultMatrix(kind, folder, dovecot, user, reset)
    calls = matrix.run(matrix.new())
    target = kind.paths[0]
    ends = []
    for (call, place), count in places(matrix, calls).items():
        if state != ("/state/" in place):
            continue
        errors = errors_of(call, "" if state else target)
        for error in errors:
            numbers = {1, 1 if state else count}
            if error == "short" and not state:  # in the middle of what is sent
                numbers.update(range(1, count + 1))
            for number in sorted(numbers):
                ends.append(matrix.daemon(call, place, error, number))
        if errors:
            ends.append(matrix.daemon(call, place, errors[0], times=0))
    assert matrix.walked
    record_property("told", f"{matrix.told()}; ended with the reason: "
                    f"{ends.count('ended')}")
