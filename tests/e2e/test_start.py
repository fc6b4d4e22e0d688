"""`start:` says what is taken where no checkpoint exists."""

import calendar

from bridge import account
from mails import mail, mails


def test_now_takes_only_what_comes_later(new_bridge, dovecot, user, output):
    dovecot.append(user, mails(3))
    bridge = new_bridge([account(dovecot, user, start="now")], output)
    bridge.start()
    bridge.wait_state(("idle",))
    dovecot.deliver(user, mail(4))
    bridge.wait(lambda: output.count() == 1, what="the fourth mail")
    [event] = output.events()
    assert event["uid"] == 4


def test_now_is_the_default(new_bridge, dovecot, user, output):
    dovecot.append(user, mails(3))
    bridge = new_bridge([account(dovecot, user, start=None)], output)
    bridge.once()
    assert output.count() == 0


def test_now_is_remembered_over_a_restart(new_bridge, dovecot, user, output):
    """What comes between the first start and the second is not lost."""
    dovecot.append(user, mails(2))
    bridge = new_bridge([account(dovecot, user, start="now")], output)
    bridge.once()
    dovecot.append(user, [mail(3)])
    bridge.once()
    assert [event["uid"] for event in output.events()] == [3]


def test_now_in_an_empty_mailbox_is_remembered(new_bridge, dovecot, user,
                                               output):
    dovecot.create(user, "INBOX")
    bridge = new_bridge([account(dovecot, user, start="now")], output)
    bridge.once()
    dovecot.append(user, [mail(1)])
    bridge.once()
    assert [event["uid"] for event in output.events()] == [1]


def test_beginning_takes_everything(bridge, dovecot, user, output):
    dovecot.append(user, mails(5))
    bridge.once()
    assert [event["uid"] for event in output.events()] == [1, 2, 3, 4, 5]


def test_date_takes_what_arrived_since(new_bridge, dovecot, user, output):
    days = [(2026, 1, 10), (2026, 3, 10), (2026, 2, 10), (2026, 3, 1)]
    for number, day in enumerate(days, 1):
        when = calendar.timegm((*day, 12, 0, 0))
        dovecot.append(user, [mail(number)], date=when)
    bridge = new_bridge([account(dovecot, user, start="2026-03-01")], output)
    bridge.once()
    assert [event["uid"] for event in output.events()] == [2, 4]
    dovecot.append(user, [mail(5)], date=calendar.timegm((2026, 1, 1, 0, 0, 0)))
    bridge.once()
    assert [event["uid"] for event in output.events()] == [2, 4, 5]


def test_start_does_not_matter_where_a_checkpoint_exists(new_bridge, dovecot,
                                                         user, output):
    dovecot.append(user, mails(2))
    bridge = new_bridge([account(dovecot, user, start="now")], output)
    bridge.once()
    bridge.config["accounts"][0]["start"] = "beginning"
    bridge.write()
    bridge.once()
    assert output.count() == 0
