"""The disk below the checkpoint fails, is full, or the power goes: the mark is
never ahead of what was published, and never "now" again."""

import pytest

from bridge import EX_CONFIG, EX_DATAERR, EX_TEMPFAIL, account
from faults import Faults
from mails import mails

CALLS = ("open", "write", "pwrite", "fsync", "fdatasync", "ftruncate",
         "rename", "unlink", "sqlite-commit")
ERRORS = {
    "open": ("EROFS", "ENOSPC", "EIO"), "write": ("ENOSPC", "EIO"),
    "pwrite": ("ENOSPC", "EIO", "short"), "fsync": ("EIO", "late-EIO"),
    "fdatasync": ("EIO", "late-EIO", "ENOSPC"), "ftruncate": ("EIO",),
    "rename": ("EROFS", "ENOSPC"), "unlink": ("EIO",),
}


@pytest.fixture
def case(new_bridge, dovecot, user, output, folder):
    """run(number, action): a new state directory, with a call that fails."""
    dovecot.append(user, mails(5))
    faults = Faults(folder / "calls.txt", calls=CALLS, paths=("/state/",))

    def run(number: int, action: str) -> list:
        bridge = new_bridge([account(dovecot, user)], output)
        bridge.faults = faults.at(number, action)
        bridge.start("--once")
        code = bridge.wait_exit(60)
        calls = bridge.faults.made()
        # Refused at the start with a reason, mended, or killed.
        assert code in (-9, 0, EX_CONFIG, EX_DATAERR, EX_TEMPFAIL), code
        assert code in (-9, 0) or "error:" in bridge.printed()
        bridge.faults = None
        bridge.once()
        assert bridge.checkpoint(user) == 5, action
        assert [e["uid"] for e in output.events()] == [1, 2, 3, 4, 5], action
        for path in output.files():
            path.unlink()
        return calls

    return run


def some(calls: list) -> dict:
    """{number: name}: the first and the last call of each name."""
    first = {call.name: call.number for call in reversed(calls)}
    last = {call.name: call.number for call in calls}
    return {number: name for kind in (first, last)
            for name, number in kind.items()}


def test_a_call_fails(case):
    for number, name in some(case(0, "")).items():
        for error in ERRORS.get(name, ())[:1]:
            case(number, error)


def test_killed_at_a_call(case):
    for number in some(case(0, "")):
        case(number, "kill-before")


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_every_call(case):
    for call in case(0, ""):
        for action in ("kill-before", "kill-after",
                       *ERRORS.get(call.name, ())):
            case(call.number, action)


@pytest.fixture
def full(folder):
    """The disk of the state directory is full from the n-th write on."""
    return Faults(folder / "calls.txt", calls=("pwrite", "write"),
                  paths=("/state/",))


def test_full_from_the_start(new_bridge, dovecot, user, output, full):
    bridge = new_bridge([account(dovecot, user)], output)
    dovecot.append(user, mails(2))
    bridge.once()
    bridge.faults = full.at(1, "ENOSPC", times=0)
    dovecot.append(user, mails(1, first=3))
    bridge.start()
    assert bridge.wait_exit() == EX_TEMPFAIL
    assert "checkpoint.db" in bridge.printed()
    assert output.count() == 2
    bridge.faults = None
    bridge.once()
    assert output.count() == 3


@pytest.mark.parametrize("name", ["checkpoint.db", "checkpoint.db-wal"])
def test_read_only_at_the_start(new_bridge, dovecot, user, output, folder,
                                name):
    """SQLite would open it to be read, and no mail would ever come again."""
    bridge = new_bridge([account(dovecot, user)], output)
    dovecot.append(user, mails(2))
    bridge.start()
    bridge.wait_state(("idle",))
    bridge.kill()  # the log stays
    bridge.faults = Faults(folder / "calls.txt", calls=("open",),
                           paths=(f"/state/{name}",)).at(1, "EROFS")
    bridge.start()
    assert bridge.wait_exit() == EX_TEMPFAIL
    assert "readonly" in bridge.printed()
    bridge.faults = None
    bridge.once()


def test_full_while_it_watches(new_bridge, dovecot, user, output, full,
                               folder):
    """It stops reading and says so; with room again it goes on by itself."""
    until = folder / "room"
    bridge = new_bridge([account(dovecot, user)], output)
    dovecot.append(user, mails(2))
    bridge.once()
    bridge.faults = full.at(0, "")
    bridge.start()
    bridge.wait_state(("idle",))
    bridge.kill()
    bridge.faults = full.at(full.count() + 4, "ENOSPC", times=0,
                            until=str(until))
    bridge.start()
    bridge.wait_state(("idle",))
    number = 3
    while "no mail is taken until it can be written" not in bridge.printed():
        dovecot.append(user, mails(1, first=number))
        bridge.wait(lambda n=number: output.count() >= n or
                    "no mail is taken" in bridge.printed(), what="the next")
        number += 1
    published = output.count()
    assert bridge.process.poll() is None
    dovecot.append(user, mails(1, first=number))
    assert bridge.checkpoint(user) <= published
    assert output.count() == published
    until.touch()
    bridge.wait_log("checkpoint: written again")
    bridge.wait(lambda: bridge.checkpoint(user) == number, what="the rest")
    assert bridge.terminate() == 0
    assert [e["uid"] for e in output.events()] == list(range(1, number + 1))
    assert bridge.checkpoint(user) == number
