"""envelope.cloudevents: where the attributes of CloudEvents are, by sink."""

import base64
import json

import pytest

from bridge import ROOT, account
from mails import mail

JSON = "application/json"
CLOUDEVENT = "application/cloudevents+json; charset=UTF-8"


def one_mail(new_bridge, dovecot, user, output, mode: str) -> dict:
    """Publish it; the attributes that it should have."""
    dovecot.append(user, [mail(1)], date=1767225600)
    new_bridge([account(dovecot, user)], output,
               envelope={"cloudevents": mode}).once()
    return {"specversion": "1.0", "id": f"{dovecot.uidvalidity(user)}-1",
            "source": f"/mailbridge/{user}/INBOX",
            "type": "mailbridge.message.received.v1",
            "time": "2026-01-01T00:00:00Z"}


def check(mode: str, attributes: dict, beside: dict, data: bytes) -> None:
    """beside: what the sink stored beside the data."""
    event = json.loads(data)
    binary = {f"ce_{name}": value for name, value in attributes.items()}
    if mode == "binary":
        assert beside == {**binary, "content-type": JSON}
    elif mode == "none":
        assert beside == {"content-type": JSON}
    else:
        assert beside == {"content-type": CLOUDEVENT}
        whole, event = event, event.pop("data")
        assert whole == {**attributes, "datacontenttype": JSON}
    assert event["subject"] == "mail 1"


@pytest.mark.parametrize("mode", ["binary", "structured", "none"])
def test_kafka(new_bridge, dovecot, user, kafka_output, mode):
    attributes = one_mail(new_bridge, dovecot, user, kafka_output, mode)
    [message] = kafka_output.messages()
    beside = {key: value.decode() for key, value in message.headers()}
    check(mode, attributes, beside, message.value())


@pytest.mark.parametrize("mode", ["binary", "structured", "none"])
def test_redis(new_bridge, dovecot, user, redis_output, mode):
    attributes = one_mail(new_bridge, dovecot, user, redis_output, mode)
    [entry] = redis_output.entries()
    data = entry.pop("data")
    check(mode, attributes, {key: value.decode() for key, value in
                             entry.items()}, data)


@pytest.mark.parametrize("mode", ["binary", "structured", "none"])
def test_directory(new_bridge, dovecot, user, output, mode):
    """A file has nothing beside its data."""
    attributes = one_mail(new_bridge, dovecot, user, output, mode)
    [path] = output.files()
    event = json.loads(path.read_bytes())
    if mode == "structured":
        whole, event = event, event.pop("data")
        assert whole == {**attributes, "datacontenttype": JSON}
    assert event["subject"] == "mail 1"


def test_unknown_mode(new_bridge, dovecot, user, output):
    bridge = new_bridge([account(dovecot, user)], output,
                        envelope={"cloudevents": "batched"})
    done = bridge.command("check", "--offline")
    assert done.returncode == 78
    assert "envelope.cloudevents" in done.stderr


def test_jmap_in_every_sink(new_bridge, dovecot, user, output, kafka_output,
                            redis_output):
    """The Email object with all that it can carry; and a second time cut to
    what Kafka takes, wrapping included."""
    raw = (ROOT / "docs/examples/03-attachment.eml").read_bytes()
    dovecot.append(user, [raw, mail(2, size=3_000_000)], date=1767225600)
    for out in (output, kafka_output, redis_output):
        new_bridge([account(dovecot, user)], out, envelope={
            "format": "jmap", "cloudevents": "structured",
            "raw": "inline"}).once()
        whole, large = out.events()
        email = whole["data"]
        assert email["imap"].pop("savedAt")
        assert email["imap"] == {
            "account": user, "mailbox": "INBOX", "uid": 1, "flags": [],
            "uidValidity": dovecot.uidvalidity(user)}
        [attachment] = email["attachments"]
        assert base64.b64decode(
            email["blobs"][attachment["blobId"]]).startswith(b"%PDF")
        octets = base64.b64decode(email["blobs"][email["blobId"]])
        assert len(octets) == email["size"]
        assert ("problems" in large["data"]) == (out is kafka_output)
