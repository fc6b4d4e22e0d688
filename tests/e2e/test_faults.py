"""Each call that the directory sink makes fails once, or is the last one."""

import errno
import os

import pytest

from bridge import account
from faults import Faults
from mails import mails

COUNT = 10  # from 8 on the sink syncs them with one syncfs

STEPS = ("open", "write", "writev", "fsync", "syncfs", "rename", "mkdir",
         "close")
ERRORS = {
    "open": ("ENOSPC", "EMFILE", "EIO"), "mkdir": ("ENOSPC", "EDQUOT"),
    "write": ("ENOSPC",), "writev": ("ENOSPC", "EDQUOT", "EIO", "EINTR",
                                     "short"),
    "fsync": ("EIO", "late-EIO", "ENOSPC"),
    "syncfs": ("EIO", "late-EIO", "ENOSPC"),
    "rename": ("ENOSPC", "EROFS", "EIO"), "close": ("EIO", "ENOSPC"),
}


# Of these nobody need hear: the rest is written as if nothing had been.
HARMLESS = ("EINTR", "short", "kill-before", "kill-after", "")


@pytest.fixture
def count() -> int:
    return COUNT


@pytest.fixture
def case(new_bridge, dovecot, user, output, folder, count):
    """A mailbox to be bridged to the directory, and its calls counted."""
    dovecot.append(user, mails(count))
    faults = Faults(folder / "calls.txt", calls=STEPS,
                    paths=(str(output.path),))

    def run(number: int, action: str) -> list:
        """A new bridge into an empty folder; the calls that it made."""
        bridge = new_bridge([account(dovecot, user)], output)
        bridge.faults = faults.at(number, action)
        bridge.start("--once")
        code = bridge.wait_exit()
        assert code in ((-9,) if action.startswith("kill") and
                        bridge.faults.was_hit() else (0,)), bridge.tail()
        calls = bridge.faults.made()
        if action not in HARMLESS and bridge.faults.was_hit():
            error = getattr(errno, action.removeprefix("late-"))
            assert os.strerror(error) in bridge.printed()
        bridge.faults = None
        bridge.once()
        check(bridge, output, user, count)
        return calls

    return run


def check(bridge, output, user: str, count: int) -> None:
    assert bridge.checkpoint(user) == count
    assert [event["uid"] for event in output.events()] == (
        list(range(1, count + 1)))
    assert not list((output.path / ".tmp").iterdir())
    for path in output.files():
        path.unlink()


def first_of_each(calls: list) -> dict:
    """{name: number}, of those made by the sink's work on its files."""
    return {call.name: call.number for call in reversed(calls)}


def is_durable(calls: list) -> bool:
    """Is there a sync behind the last rename?"""
    renamed = max(call.number for call in calls if call.name == "rename")
    return any(call.name in ("fsync", "syncfs") for call in calls
               if call.number > renamed)


def test_each_step_fails_once(case):
    """Whatever fails, and even where it only seems to: it is told, and all
    comes out."""
    calls = case(0, "")
    assert is_durable(calls)
    numbers = first_of_each(calls)
    assert {"open", "writev", "syncfs", "rename", "fsync"} <= set(numbers)
    for name, number in numbers.items():
        for error in ERRORS[name]:
            assert any(call.hit for call in case(number, error)), (name, error)


@pytest.mark.parametrize("count", [3])
def test_a_file_that_cannot_be_synced(case):
    """Of few mails each file is; once it failed, a second fsync proves
    nothing."""
    calls = case(0, "")
    assert is_durable(calls)
    number = next(call.number for call in calls
                  if call.name == "fsync" and "/.tmp/" in call.target)
    for error in ("EIO", "late-EIO"):
        assert any(call.hit for call in case(number, error))


def test_killed_at_each_step(case):
    for name, number in first_of_each(case(0, "")).items():
        for action in ("kill-before", "kill-after"):
            assert any(call.hit for call in case(number, action)), name


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("action", ["kill-before", "kill-after", "any"])
def test_every_call(case, action):
    for call in case(0, ""):
        actions = ERRORS[call.name] if action == "any" else (action,)
        for one in actions:
            case(call.number, one)
