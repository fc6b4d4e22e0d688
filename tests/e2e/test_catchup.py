"""A restart goes on where the last commit was."""

from mails import mails


def test_restart_continues(bridge, dovecot, user, output):
    dovecot.append(user, mails(10))
    bridge.once()
    for path in output.files():
        path.unlink()  # what is published once must not come again
    dovecot.append(user, mails(5, first=11))
    bridge.once()
    uids = [event["uid"] for event in output.events()]
    assert uids == [11, 12, 13, 14, 15]
    assert bridge.checkpoint(user) == 15


def test_500_mails(bridge, dovecot, user, output):
    dovecot.append(user, mails(500, size=3000))
    bridge.once()
    events = output.events()
    assert [event["uid"] for event in events] == list(range(1, 501))
    assert [event["subject"] for event in events] == [
        f"mail {number}" for number in range(1, 501)]
    assert bridge.checkpoint(user) == 500


def test_mails_that_came_while_it_was_down(bridge, dovecot, user, output):
    dovecot.append(user, mails(3))
    bridge.start()
    bridge.wait(lambda: output.count() == 3, what="three files")
    assert bridge.terminate() == 0
    dovecot.append(user, mails(4, first=4))
    bridge.start()
    bridge.wait(lambda: output.count() == 7, what="seven files")


def test_large_mail_with_a_small_budget(new_bridge, dovecot, user, output):
    """inflight_bytes bounds memory; it never stops a larger mail."""
    from bridge import account
    dovecot.append(user, mails(4, size=3_000_000))
    bridge = new_bridge([account(dovecot, user)], output,
                        limits={"inflight_bytes": "1MiB"})
    bridge.once()
    sizes = [event["size"] for event in output.events()]
    assert len(sizes) == 4 and min(sizes) >= 3_000_000


def test_mail_over_max_message_bytes_still_gives_an_event(
        new_bridge, dovecot, user, output):
    from bridge import account
    dovecot.append(user, mails(1) + mails(1, first=2, size=300_000)
                   + mails(1, first=3))
    bridge = new_bridge([account(dovecot, user)], output,
                        limits={"max_message_bytes": "64KiB"})
    bridge.once()
    events = output.events()
    assert [event["uid"] for event in events] == [1, 2, 3]
    assert events[1]["size"] >= 300_000
    assert events[1]["problems"]
    assert "problems" not in events[0]
