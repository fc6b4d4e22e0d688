"""The directory sink on a file system that is full, and one that turns
read-only: a real one, so root is needed."""

import os
import subprocess

import pytest

from bridge import account
from mails import mails
from outputs import DirectoryOutput

COUNT = 40


@pytest.fixture
def small_disk(folder):
    """A file system of one mebibyte."""
    path = folder / "disk"
    path.mkdir()
    if os.geteuid() != 0 or subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=1m", "tests", str(path)],
            stderr=subprocess.DEVNULL).returncode != 0:
        pytest.skip("NOT TESTED: a full disk; only root may mount one")
    yield path
    subprocess.run(["umount", "-l", str(path)], check=True)


def remount(path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(path)],
                   check=True)


def all_came(output) -> bool:
    return [event["uid"] for event in output.events()] == (
        list(range(1, COUNT + 1)))


def test_full(new_bridge, dovecot, user, small_disk):
    """It waits, says so, holds the mark, and goes on when there is room."""
    output = DirectoryOutput(small_disk / "out")
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(700_000))
    dovecot.append(user, mails(COUNT, size=10_000))
    bridge = new_bridge([account(dovecot, user)], output)
    bridge.start()
    bridge.wait_log("No space left on device")
    assert not all_came(output)
    assert bridge.checkpoint(user) < COUNT
    ballast.unlink()
    remount(small_disk, "size=8m")
    bridge.wait(lambda: all_came(output), what="all of it")
    assert bridge.terminate() == 0
    assert bridge.checkpoint(user) == COUNT


def test_read_only(new_bridge, dovecot, user, small_disk):
    output = DirectoryOutput(small_disk / "out")
    dovecot.create(user, "INBOX")
    bridge = new_bridge([account(dovecot, user)], output)
    bridge.start()
    bridge.wait_state()
    remount(small_disk, "ro,size=8m")
    dovecot.append(user, mails(COUNT, size=10_000))
    bridge.wait_log("Read-only file system")
    assert bridge.checkpoint(user) == 0
    remount(small_disk, "rw,size=8m")
    bridge.wait(lambda: all_came(output), what="all of it")
    assert bridge.terminate() == 0
    assert bridge.checkpoint(user) == COUNT
