"""Redis streams."""

import json

from bridge import account
from mails import mail, mails

ATTRIBUTES = {"ce_id", "ce_source", "ce_type", "ce_time", "ce_specversion",
              "content-type", "data"}


def test_fields(new_bridge, dovecot, user, redis_output):
    dovecot.append(user, [mail(1)], date=1767225600)
    bridge = new_bridge([account(dovecot, user)], redis_output)
    bridge.once()
    [entry] = redis_output.entries()
    validity = dovecot.uidvalidity(user)
    assert set(entry) == ATTRIBUTES
    assert entry["ce_id"].decode() == f"{validity}-1"
    assert entry["ce_source"].decode() == f"/mailbridge/{user}/INBOX"
    assert entry["ce_type"] == b"mailbridge.message.received.v1"
    assert entry["ce_time"] == b"2026-01-01T00:00:00Z"
    assert entry["ce_specversion"] == b"1.0"
    assert entry["content-type"].startswith(b"application/json")
    assert json.loads(entry["data"])["subject"] == "mail 1"


def test_mailbox_name_in_source_is_encoded(new_bridge, dovecot, user,
                                           redis_output):
    dovecot.create(user, "Grüße 1")
    dovecot.append(user, [mail(1)], "Grüße 1")
    bridge = new_bridge([account(dovecot, user, mailboxes=["Grüße 1"])],
                        redis_output)
    bridge.once()
    [entry] = redis_output.entries()
    assert entry["ce_source"].decode() == (
        f"/mailbridge/{user}/Gr%C3%BC%C3%9Fe%201")


def test_order_and_restart(new_bridge, dovecot, user, redis_output):
    dovecot.append(user, mails(50))
    bridge = new_bridge([account(dovecot, user)], redis_output)
    bridge.once()
    dovecot.append(user, mails(10, first=51))
    bridge.once()
    uids = [event["uid"] for event in redis_output.events()]
    assert uids == list(range(1, 61))


def test_while_idle(new_bridge, dovecot, user, redis_output):
    dovecot.create(user, "INBOX")
    bridge = new_bridge([account(dovecot, user)], redis_output)
    bridge.start()
    bridge.wait_state(("idle",))
    dovecot.deliver(user, mail(1))
    bridge.wait(lambda: redis_output.count() == 1, what="the entry")
