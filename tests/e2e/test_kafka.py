"""Kafka, a real broker; read back by another client, which checks the CRCs."""

import json
import shutil
import subprocess

import pytest

from bridge import account
from faults import Faults
from mails import mail, mails
from servers.process import free_port


def test_message(new_bridge, dovecot, user, kafka_output):
    dovecot.append(user, [mail(1)], date=1767225600)
    bridge = new_bridge([account(dovecot, user)], kafka_output)
    bridge.once()
    [message] = kafka_output.messages()
    validity = dovecot.uidvalidity(user)
    headers = {key: value.decode() for key, value in message.headers()}
    assert len(headers) == len(message.headers())
    assert headers.pop("content-type").startswith("application/json")
    assert headers == {
        "ce_specversion": "1.0", "ce_id": f"{validity}-1",
        "ce_source": f"/mailbridge/{user}/INBOX",
        "ce_type": "mailbridge.message.received.v1",
        "ce_time": "2026-01-01T00:00:00Z"}
    assert message.key().decode() == f"{user}/INBOX"
    event = json.loads(message.value())
    assert (event["uid"], event["subject"]) == (1, "mail 1")


def test_order_within_a_mailbox(new_bridge, dovecot, user, kafka_output):
    dovecot.append(user, mails(300))
    bridge = new_bridge([account(dovecot, user)], kafka_output)
    bridge.once()
    messages = kafka_output.messages()
    assert len({message.partition() for message in messages}) == 1
    assert [json.loads(message.value())["uid"] for message in messages] == (
        list(range(1, 301)))


def test_restart_continues(new_bridge, dovecot, user, kafka_output):
    dovecot.append(user, mails(5))
    bridge = new_bridge([account(dovecot, user)], kafka_output)
    bridge.once()
    dovecot.append(user, mails(5, first=6))
    bridge.once()
    uids = [event["uid"] for event in kafka_output.events()]
    assert uids == list(range(1, 11))


def test_while_idle(new_bridge, dovecot, user, kafka_output):
    dovecot.create(user, "INBOX")
    bridge = new_bridge([account(dovecot, user)], kafka_output)
    bridge.start()
    bridge.wait_state(("idle",))
    dovecot.deliver(user, mail(1))
    bridge.wait(lambda: kafka_output.count() == 1, what="the message")
    assert bridge.terminate() == 0


@pytest.mark.parametrize("key, expected", [
    ("message_id", b"1@tests.example.org"), ("none", None),
    ("thread", b"1@tests.example.org")])
def test_key(new_bridge, dovecot, user, kafka_output, key, expected):
    kafka_output.settings["key"] = key
    dovecot.append(user, mails(1))
    bridge = new_bridge([account(dovecot, user)], kafka_output)
    bridge.once()
    [message] = kafka_output.messages()
    assert message.key() == expected


def test_mail_larger_than_the_broker_takes(new_bridge, dovecot, user,
                                           kafka_output):
    """Its event is cut to fit and marked; nothing waits behind it."""
    dovecot.append(user, mails(1) + mails(1, first=2, size=3_000_000)
                   + mails(1, first=3))
    bridge = new_bridge([account(dovecot, user)], kafka_output)
    bridge.once()
    events = kafka_output.events()
    assert [event["uid"] for event in events] == [1, 2, 3]
    assert events[1]["problems"]
    assert events[1]["size"] >= 3_000_000


def test_properties_reach_librdkafka(new_bridge, dovecot, user, kafka_output):
    kafka_output.settings["properties"] = {"no.such.property": 1}
    bridge = new_bridge([account(dovecot, user)], kafka_output)
    done = bridge.command("check", "--offline")
    assert done.returncode == 78
    assert "no.such.property" in done.stderr


def test_kcat_reads_it_too(new_bridge, dovecot, user, kafka_output):
    kcat = shutil.which("kcat")
    if kcat is None:
        pytest.skip("kcat is not installed")
    dovecot.append(user, mails(3))
    bridge = new_bridge([account(dovecot, user)], kafka_output)
    bridge.once()
    out = subprocess.run(
        [kcat, "-C", "-b", kafka_output.broker.brokers, "-t",
         kafka_output.topic, "-o", "beginning", "-e", "-q", "-X",
         "check.crcs=true", "-f", "%k %s\\n"],
        capture_output=True, text=True, timeout=60, check=True).stdout
    assert len(out.splitlines()) == 3
    assert all(line.startswith(f"{user}/INBOX {{") for line in
               out.splitlines())


def test_events_before_anybody_listens(new_bridge, dovecot, user, kafka_output,
                                       folder):
    """librdkafka wakes us only when its queue was empty: what is in it before
    it knows how to wake us must not put us to sleep for ever."""
    dovecot.append(user, mails(3))
    kafka_output.settings["brokers"] = (
        f"127.0.0.1:{free_port()},{kafka_output.broker.brokers}")
    bridge = new_bridge([account(dovecot, user)], kafka_output)
    bridge.faults = Faults(folder / "calls.txt",
                           calls=("kafka-listen",)).at(1, "wait")
    bridge.once()
    assert bridge.checkpoint(user) == 3
