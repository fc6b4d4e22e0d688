"""Each call that the directory sink makes fails once, or is the last one."""

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


@pytest.fixture
def case(new_bridge, dovecot, user, output, folder):
    """A mailbox to be bridged to the directory, and its calls counted."""
    dovecot.append(user, mails(COUNT))
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
        bridge.faults = None
        bridge.once()
        check(bridge, output, user)
        return calls

    return run


def check(bridge, output, user: str) -> None:
    assert bridge.checkpoint(user) == COUNT
    assert [event["uid"] for event in output.events()] == (
        list(range(1, COUNT + 1)))
    assert not list((output.path / ".tmp").iterdir())
    for path in output.files():
        path.unlink()


def first_of_each(calls: list) -> dict:
    """{name: number}, of those made by the sink's work on its files."""
    return {call.name: call.number for call in reversed(calls)}


def test_each_step_fails_once(case):
    """Whatever fails, and even where it only seems to: all comes out."""
    numbers = first_of_each(case(0, ""))
    assert {"open", "writev", "syncfs", "rename", "fsync"} <= set(numbers)
    for name, number in numbers.items():
        for error in ERRORS[name]:
            assert any(call.hit for call in case(number, error)), (name, error)


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
