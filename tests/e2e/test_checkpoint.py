"""checkpoint list, get, set, reset."""

from bridge import EX_USAGE
from mails import mails


def test_list_and_get(bridge, dovecot, user, output):
    dovecot.append(user, mails(4))
    bridge.once()
    done = bridge.command("checkpoint", "list")
    assert done.returncode == 0, done.stderr
    [line] = [line for line in done.stdout.splitlines() if user in line]
    assert "INBOX" in line and str(dovecot.uidvalidity(user)) in line
    assert bridge.checkpoint(user) == 4


def test_set_goes_back(bridge, dovecot, user, output):
    dovecot.append(user, mails(4))
    bridge.once()
    for path in output.files():
        path.unlink()
    done = bridge.command("checkpoint", "set", "--account", user,
                          "--mailbox", "INBOX", "--uid", "2")
    assert done.returncode == 0, done.stderr
    assert bridge.checkpoint(user) == 2
    bridge.once()
    assert [event["uid"] for event in output.events()] == [3, 4]


def test_reset_applies_start_again(bridge, dovecot, user, output):
    dovecot.append(user, mails(4))
    bridge.once()
    for path in output.files():
        path.unlink()
    done = bridge.command("checkpoint", "reset", "--account", user,
                          "--mailbox", "INBOX")
    assert done.returncode == 0, done.stderr
    bridge.once()
    assert output.count() == 4


def test_not_under_a_running_daemon(bridge, dovecot, user, output):
    dovecot.append(user, mails(1))
    bridge.start()
    bridge.wait_state(("idle",))
    done = bridge.command("checkpoint", "set", "--account", user, "--mailbox",
                          "INBOX", "--uid", "0")
    assert done.returncode not in (0, 70)
    assert str(bridge.process.pid) in done.stderr


def test_unknown_mailbox(bridge, dovecot, user, output):
    dovecot.create(user, "INBOX")
    bridge.once()
    done = bridge.command("checkpoint", "get", "--account", user,
                          "--mailbox", "Nowhere")
    assert done.returncode not in (0, 70)
    assert "Nowhere" in done.stderr


def test_missing_options(bridge):
    done = bridge.command("checkpoint", "set", "--account", "a")
    assert done.returncode == EX_USAGE


def test_list_is_empty_before_the_first_run(bridge):
    done = bridge.command("checkpoint", "list")
    assert done.returncode != 70
    assert (done.stdout + done.stderr).strip() or done.returncode == 0
