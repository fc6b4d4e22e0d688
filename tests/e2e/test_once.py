"""run --once: catch up everywhere, commit, exit."""

import json
import subprocess

from bridge import PROGRAM, account
from mails import mails
from outputs import StdoutOutput


def test_nothing_to_do(bridge, dovecot, user, output):
    dovecot.create(user, "INBOX")
    bridge.once()
    assert output.count() == 0


def test_several_accounts(new_bridge, dovecot, user, output):
    users = [f"{user}-{number}" for number in range(5)]
    for name in users:
        dovecot.append(name, mails(20))
    bridge = new_bridge([account(dovecot, name) for name in users], output)
    bridge.once()
    assert output.count() == 100
    assert [bridge.checkpoint(name) for name in users] == [20] * 5


def test_a_failing_account_is_told_by_the_exit_code(new_bridge, new_dovecot,
                                                    dovecot, user, output):
    dead = new_dovecot()
    dead.stop()
    dovecot.append(user, mails(2))
    bridge = new_bridge([account(dovecot, user), account(dead, "gone")],
                        output, retry={"first_seconds": 0, "then": [1],
                                       "attempts": 2})
    bridge.start("--once")
    assert bridge.wait_exit(60) not in (0, 70)
    assert output.count() == 2
    assert "gone" in bridge.printed()


def test_stdout(new_bridge, dovecot, user):
    """One event a line on standard output, and nothing else there."""
    dovecot.append(user, mails(10))
    bridge = new_bridge([account(dovecot, user)], StdoutOutput())
    done = bridge.command("run", "--once")
    assert done.returncode == 0, done.stderr
    events = StdoutOutput().events(done.stdout)
    assert [event["uid"] for event in events] == list(range(1, 11))


def test_order(new_bridge, dovecot, user):
    """Dovecot answers two FETCHes in turns: events keep the order of UIDs."""
    dovecot.append(user, mails(600, size=30000))
    bridge = new_bridge([account(dovecot, user)], StdoutOutput(),
                        limits={"inflight_bytes": "1MiB"})
    done = bridge.command("run", "--once")
    assert done.returncode == 0, done.stderr
    uids = [json.loads(line)["uid"] for line in done.stdout.splitlines()]
    assert uids == list(range(1, 601))


def test_reader_of_stdout_ends(new_bridge, dovecot, user):
    """Nobody can ever read it again: stop and say so, and lose nothing."""
    dovecot.append(user, mails(300))
    bridge = new_bridge([account(dovecot, user)], StdoutOutput())
    daemon = subprocess.Popen(
        [str(PROGRAM), "run", "-c", str(bridge.path)], text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=bridge.environment(), cwd=bridge.folder)
    first = json.loads(daemon.stdout.readline())
    assert first["uid"] == 1
    daemon.stdout.close()
    dovecot.append(user, mails(300, first=301))
    assert daemon.wait(30) == 69
    assert "has ended" in daemon.stderr.read()
    daemon.stderr.close()
    done = bridge.command("run", "--once")
    assert done.returncode == 0, done.stderr
    again = {json.loads(line)["uid"] for line in done.stdout.splitlines()}
    assert max(again) == 600
