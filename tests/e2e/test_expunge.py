"""Mail that vanishes while it is read."""

from bridge import account
from mails import mail, mails


def test_holes_in_the_uids(bridge, dovecot, user, output):
    dovecot.append(user, mails(6))
    for uid in (1, 3, 6):
        dovecot.expunge(user, uid)
    bridge.once()
    assert [event["uid"] for event in output.events()] == [2, 4, 5]


def test_expunged_during_the_catch_up(bridge, dovecot, user, output):
    """What is still there at the end came out; no hole blocks the commit."""
    count = 400
    dovecot.append(user, mails(count, size=10_000))
    bridge.start()
    gone = set(range(3, count, 7))
    imap = dovecot.login(user)
    imap.select("INBOX")
    for uid in sorted(gone, reverse=True):
        imap.uid("STORE", str(uid), "+FLAGS.SILENT", "(\\Deleted)")
        imap.expunge()
    imap.logout()
    bridge.wait(lambda: bridge.checkpoint(user) == count, 60,
                "the commit of the last UID")
    came_out = {event["uid"] for event in output.events()}
    assert set(dovecot.uids(user)) <= came_out
    assert came_out <= set(range(1, count + 1))


def test_last_mail_expunged_while_idle(bridge, dovecot, user, output):
    dovecot.append(user, mails(2))
    bridge.start()
    bridge.wait_state(("idle",))
    dovecot.expunge(user, 2)
    dovecot.deliver(user, mail(3))
    bridge.wait(lambda: output.count() == 3, what="the third mail")
    assert [event["uid"] for event in output.events()] == [1, 2, 3]


def test_all_expunged_between_two_runs(new_bridge, dovecot, user, output):
    dovecot.append(user, mails(3))
    bridge = new_bridge([account(dovecot, user)], output)
    bridge.once()
    for uid in (1, 2, 3):
        dovecot.expunge(user, uid)
    bridge.once()
    dovecot.append(user, [mail(4)])
    bridge.once()
    assert [event["uid"] for event in output.events()] == [1, 2, 3, 4]
