"""status: what each mailbox does."""

from bridge import account
from mails import mails


def test_json(new_bridge, dovecot, user, output):
    dovecot.append(user, mails(3))
    bridge = new_bridge([account(dovecot, user)], output)
    bridge.start()
    bridge.wait_state(("idle",))
    bridge.wait(lambda: bridge.status()[(user, "INBOX")]["uid"] == 3,
                what="the committed UID in the status")
    row = bridge.status()[(user, "INBOX")]
    assert row["uidValidity"] == dovecot.uidvalidity(user)
    assert row["lag"] == 0
    assert row["lastSuccess"]
    assert not row["lastError"]


def test_text(new_bridge, dovecot, user, output):
    dovecot.append(user, mails(3))
    bridge = new_bridge([account(dovecot, user)], output)
    bridge.once()
    done = bridge.command("status")
    assert done.returncode == 0, done.stderr
    [line] = [line for line in done.stdout.splitlines() if user in line]
    assert "INBOX" in line and "3" in line


def test_error_is_shown(new_bridge, new_dovecot, user, output):
    dead = new_dovecot()
    dead.stop()
    bridge = new_bridge([account(dead, user)], output)
    bridge.start()
    bridge.wait_state(("backing-off", "connecting"))
    bridge.wait(lambda: bridge.status()[(user, "INBOX")]["lastError"],
                what="an error in the status")
    assert "localhost" in bridge.command("status").stdout


def test_before_the_first_run(bridge):
    done = bridge.command("status")
    assert done.returncode != 70
    assert (done.stdout + done.stderr).strip()
