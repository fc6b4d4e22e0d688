"""The power goes, on a real file system: what was not synced is lost.  And on
one that lies, where not even that is kept which was synced."""

import pytest

import kinds
from bridge import EX_DATAERR
from faults import Faults
from mails import mails
from matrix import MAILBOXES, Matrix
from servers.disk import Disk
from servers.process import Missing

STEPS = ("fsync", "fdatasync", "syncfs", "rename", "unlink", "sqlite-commit")


@pytest.fixture
def disk(folder):
    try:
        made = Disk(folder)
    except Missing as error:
        pytest.skip(f"NOT TESTED: a disk whose power goes; {error}")
    yield made
    made.remove()


def cuts(matrix, disk) -> None:
    """Off before and after each step; then all that is missing comes."""
    bridge = matrix.new()
    count = len(matrix.run(bridge))
    assert count > 20, bridge.tail()
    for number in range(1, count + 1):
        for action in ("kill-before", "kill-after"):
            bridge = matrix.new()
            calls = matrix.run(bridge, number, action)
            disk.cut()
            matrix.walked.update(call.name for call in calls if call.hit)
            matrix.check(matrix.old())


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_cut(folder, dovecot, user, disk, record_property):
    """The state directory, and the directory that is published to, are on that
    disk: what the mark counts as published is there."""
    kind = kinds.Directory(disk.path)
    kind.calls = STEPS
    matrix = Matrix(kind, folder, dovecot, user)
    matrix.bridges = disk.path
    cuts(matrix, disk)
    record_property("told", matrix.told())


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_lies(folder, dovecot, user, disk, record_property):
    """Only the state directory is on it, and from some call on its syncs do
    nothing.  It comes back as it was some time ago: mail comes twice, or it is
    refused; never does it go on from "now"."""
    kind = kinds.Directory(folder)
    matrix = Matrix(kind, folder, dovecot, user)
    matrix.bridges = disk.path
    ends = {"refused": 0, "went on": 0}
    number, hit = 1, True
    while hit:
        bridge = matrix.new()
        matrix.run(bridge)
        disk.sync()
        first = max(MAILBOXES["INBOX"], len(dovecot.uids(user))) + 1
        dovecot.append(user, mails(2, first=first))
        faults = Faults(folder / "calls.txt", paths=("/state/",),
                        calls=("fsync", "fdatasync", "syncfs"))
        bridge.faults = faults.at(number, "lie", times=0)
        bridge.once()
        hit = faults.was_hit()
        disk.cut()
        bridge.faults = None
        bridge.config["accounts"][0]["start"] = "now"
        bridge.write()
        dovecot.append(user, mails(1, first=first + 2))
        done = bridge.command("run", "--once")
        assert done.returncode in (0, EX_DATAERR), done.stderr
        uids = {uid for mailbox, uid in kind.ids() if mailbox == "INBOX"}
        if done.returncode == 0:
            ends["went on"] += 1
            assert len(uids) == first + 2, done.stderr
        else:
            ends["refused"] += 1
            assert "checkpoint.db" in done.stderr
        number += 1
    record_property("told", f"{number} points: {ends}")
