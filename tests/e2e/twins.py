"""Two bridges on one mailbox, and others beside the one that works there: for
sinks with delivery: exactly_once."""

from bridge import account
from mails import mail, mails


def uids(output) -> list:
    return [event["uid"] for event in output.events()]


def check_two_bridges(new_bridge, dovecot, user, output, told: str) -> None:
    """With a state directory each: the later one works, the earlier one says
    why it rests; nothing is doubled."""
    dovecot.append(user, mails(100))
    first = new_bridge([account(dovecot, user)], output)
    second = new_bridge([account(dovecot, user)], output)
    first.start()
    first.wait(lambda: output.count() > 0, what="the first")
    second.start()
    dovecot.append(user, mails(100, first=101))
    second.wait(lambda: output.count() == 200, 60, "all of it")
    dovecot.append(user, mails(10, first=201))
    second.wait(lambda: output.count() == 210, 60, "the rest")
    first.wait_log(told)
    assert first.running()
    assert first.terminate() == 0
    assert second.terminate() == 0
    assert sorted(uids(output)) == list(range(1, 211))


def check_owner_is_left_alone(new_bridge, dovecot, user, output) -> None:
    """By check and replay; and mail that comes in IDLE comes out."""
    dovecot.append(user, mails(3))
    bridge = new_bridge([account(dovecot, user)], output)
    bridge.start()
    bridge.wait(lambda: output.count() == 3, what="the first")
    bridge.wait_state(("idle",))
    assert bridge.command("check").returncode == 0
    done = bridge.command("replay", "--account", user, "--mailbox", "INBOX",
                          "--uid", "2")
    assert done.returncode == 0, done.stderr
    dovecot.deliver(user, mail(4))
    bridge.wait(lambda: output.count() == 5, what="the last")
    assert bridge.terminate() == 0
    assert sorted(uids(output)) == [1, 2, 2, 3, 4]
