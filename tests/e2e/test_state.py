"""The state directory: one owner, never silently anew."""

import os
import shutil
import signal
import stat

import pytest

from bridge import account
from mails import mails


def database(bridge):
    return max((path for path in (bridge.folder / "state").iterdir()
                if path.is_file()
                and path.read_bytes()[:6] == b"SQLite"), key=os.path.getsize)


def test_second_process_is_refused(new_bridge, dovecot, user, output):
    dovecot.create(user, "INBOX")
    bridge = new_bridge([account(dovecot, user)], output)
    bridge.start()
    bridge.wait_state(("idle",))
    done = bridge.command("run", "--once")
    assert done.returncode not in (0, 70)
    assert str(bridge.process.pid) in done.stderr
    assert "state" in done.stderr
    assert bridge.running()


def test_lock_of_a_killed_process_is_free(bridge, dovecot, user, output):
    dovecot.append(user, mails(2))
    bridge.start()
    bridge.wait(lambda: output.count() == 2, what="two files")
    bridge.kill()
    bridge.once()


def test_permissions(bridge, dovecot, user, output):
    dovecot.create(user, "INBOX")
    bridge.once()
    mode = stat.S_IMODE((bridge.folder / "state").stat().st_mode)
    assert mode == 0o700


@pytest.mark.parametrize("damage", ["garbage", "empty", "truncated",
                                    "removed"])
def test_damaged_database_is_refused(bridge, dovecot, user, output, damage):
    dovecot.append(user, mails(2))
    bridge.once()
    path = database(bridge)
    for beside in path.parent.glob(path.name + "-*"):
        beside.unlink()
    if damage == "garbage":
        path.write_bytes(b"not a database " * 1000)
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "truncated":
        path.write_bytes(path.read_bytes()[:5000])
    else:
        path.unlink()
    done = bridge.command("run", "--once")
    assert done.returncode == 65, done.stderr
    assert path.name in done.stderr or "state" in done.stderr
    assert output.count() == 2, "it went on without its checkpoint"


def test_restored_from_an_old_copy(bridge, dovecot, user, redis_output):
    """Mail comes again under its ids; nothing is passed over for "now"."""
    bridge.config["sinks"]["events"] = redis_output.section()
    bridge.config["accounts"][0]["start"] = "now"
    bridge.write()
    dovecot.create(user, "INBOX")
    bridge.once()
    state, copy = bridge.folder / "state", bridge.folder / "copy"
    shutil.copytree(state, copy)
    dovecot.append(user, mails(2))
    bridge.once()
    shutil.rmtree(state)
    copy.rename(state)
    dovecot.append(user, mails(1, first=3))
    bridge.once()
    assert bridge.checkpoint(user) == 3
    assert [event["uid"] for event in redis_output.events()] == [1, 2, 1, 2, 3]
    assert len({event["id"] for event in redis_output.events()}) == 3


def test_state_can_be_read_with_sqlite(bridge, dovecot, user, output):
    import sqlite3
    dovecot.append(user, mails(3))
    bridge.once()
    with sqlite3.connect(f"file:{database(bridge)}?mode=ro", uri=True) as db:
        dump = "\n".join(db.iterdump())
    assert user in dump and "INBOX" in dump


def test_state_directory_that_cannot_be_made(new_bridge, dovecot, user,
                                             output):
    bridge = new_bridge([account(dovecot, user)], output)
    (bridge.folder / "state").write_text("a file is in the way\n")
    done = bridge.command("run", "--once")
    assert done.returncode in (73, 77, 78), done.stderr
    assert "state" in done.stderr


def test_hangup_does_not_kill(bridge, dovecot, user, output):
    dovecot.append(user, mails(1))
    bridge.start()
    bridge.wait(lambda: output.count() == 1, what="the first file")
    bridge.process.send_signal(signal.SIGHUP)
    dovecot.append(user, mails(1, first=2))
    bridge.wait(lambda: output.count() == 2, what="the second file")
    assert bridge.running()
