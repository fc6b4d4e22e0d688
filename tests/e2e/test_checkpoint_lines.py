"""checkpoint export and import: marks as JSON lines."""

import json
import shutil

import pytest

from bridge import EX_CONFIG, EX_DATAERR, EX_USAGE, account
from mails import mails


@pytest.fixture
def stored(bridge, dovecot, user):
    """A bridge that has published three mails, and is stopped."""
    dovecot.append(user, mails(3))
    bridge.once()
    return bridge


def lines(bridge) -> list:
    done = bridge.command("checkpoint", "export")
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def load(bridge, rows: list, *args: str):
    text = "".join(json.dumps(row) + "\n" for row in rows)
    return bridge.command("checkpoint", "import", *args, stdin=text.encode())


def test_to_another_machine(stored, new_bridge, dovecot, user, output):
    rows = lines(stored)
    assert rows[0] == {"mailbridge": "checkpoints", "version": 1}
    assert (rows[1]["account"], rows[1]["mailbox"], rows[1]["uid"]) == (
        user, "INBOX", 3)
    other = new_bridge([account(dovecot, user)], output)
    done = load(other, rows)
    assert done.returncode == 0, done.stderr
    assert lines(other) == rows
    before = {path: path.stat().st_mtime_ns for path in output.files()}
    dovecot.append(user, mails(1, first=4))
    other.once()
    assert output.count() == 4
    assert all(path.stat().st_mtime_ns == old for path, old in before.items())


def test_while_the_daemon_runs(stored):
    rows = lines(stored)
    stored.start()
    stored.wait_state(("idle",))
    assert [row.get("uid") for row in lines(stored)] == [None, 3]
    done = load(stored, rows)
    assert done.returncode == EX_CONFIG
    assert str(stored.process.pid) in done.stderr


def test_back_only_by_force(stored, user, output):
    rows = lines(stored)
    rows[1]["uid"] = 1
    done = load(stored, rows)
    assert done.returncode == EX_DATAERR
    assert "UID 1 is behind UID 3" in done.stderr and "--force" in done.stderr
    assert stored.checkpoint(user) == 3
    assert load(stored, rows, "--force").returncode == 0
    assert stored.checkpoint(user) == 1
    stored.once()
    assert output.count() == 3, "published again under the same ids"


@pytest.mark.parametrize("change, told", [
    ({"uid": -1}, "line 2: a value is out of range"),
    ({"uid": 2 ** 32}, "line 2: a value is out of range"),
    ({"uid": "3"}, "line 2: "), ({"more": 1}, "line 2: "),
    ({"uidValidity": 0}, "line 2: a value"), ({"since": "soon"}, "line 2: a "),
    ({"account": "../x"}, "line 2: a value")])
def test_wrong_lines_change_nothing(stored, user, change, told):
    rows = lines(stored)
    rows[1]["uid"] = 9
    good = {**rows[1], "mailbox": "Other"}
    done = load(stored, [rows[0], {**rows[1], **change}, good])
    assert done.returncode == EX_DATAERR
    assert told in done.stderr
    assert stored.checkpoint(user) == 3


def test_other_input(stored):
    for text, told in [(b"", "is empty"), (b"{}\n", "line 1"),
                       (b"not json\n", "line 1"),
                       (b'{"mailbridge":"checkpoints","version":2}\n',
                        "version 2 is unknown")]:
        done = stored.command("checkpoint", "import", stdin=text)
        assert done.returncode == EX_DATAERR
        assert told in done.stderr
    twice = lines(stored)
    done = load(stored, twice + twice[1:])
    assert "line 3: is the same mailbox as line 2" in done.stderr
    done = stored.command("checkpoint", "export", "--account", "x")
    assert done.returncode == EX_USAGE


def test_state_from_an_old_copy(stored, dovecot, user, output):
    """What was published since comes again, under the same ids."""
    state, copy = stored.folder / "state", stored.folder / "copy"
    shutil.copytree(state, copy)
    dovecot.append(user, mails(4, first=4))
    stored.once()
    ids = {event["id"] for event in output.events()}
    times = {path: path.stat().st_mtime_ns for path in output.files()}
    shutil.rmtree(state)
    copy.rename(state)
    stored.once()
    assert {event["id"] for event in output.events()} == ids
    again = [path.name for path in output.files()
             if path.stat().st_mtime_ns != times[path]]
    assert [name[-7:-5] for name in again] == ["04", "05", "06", "07"]
    assert stored.checkpoint(user) == 7
