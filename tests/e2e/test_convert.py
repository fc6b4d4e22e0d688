"""convert: one message to its event, without network or config.  That each
fits the schema is seen by bridge.command()."""

import json
from pathlib import Path

import pytest

from bridge import ROOT
from mails import mail

SAMPLES = sorted((ROOT / "deploy/demo/mails").glob("*.eml"))


def convert(bridge, raw: bytes, *args: str) -> dict:
    done = bridge.command("convert", *args, stdin=raw, config=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith("\n") and done.stdout.count("\n") == 1
    return json.loads(done.stdout)


def test_coordinates(bridge):
    event = convert(bridge, mail(1), "--account", "a", "--mailbox", "Grüße",
                    "--uid", "7")
    assert (event["account"], event["mailbox"], event["uid"]) == (
        "a", "Grüße", 7)
    assert event["id"] == f"{event['uidValidity']}-7"
    assert event["size"] == len(mail(1))


def test_received_at(bridge):
    event = convert(bridge, mail(1), "--received-at", "2026-05-01T10:30:00Z")
    assert event["receivedAt"] == "2026-05-01T10:30:00Z"
    done = bridge.command("convert", "--received-at", "today", config=False)
    assert done.returncode == 64
    assert "2026-05-01T10:30:00Z" in done.stderr


def test_without_options(bridge):
    assert convert(bridge, mail(1))["subject"] == "mail 1"


@pytest.mark.parametrize("raw", [b"", b"\0", b"\xff" * 1000, b"\r\n\r\n",
                                 b"a: " + b"x" * 100_000])
def test_any_bytes_give_an_event(bridge, raw):
    event = convert(bridge, raw)
    assert event["size"] == len(raw)


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.stem)
def test_samples_fit_the_schema(bridge, path: Path):
    event = convert(bridge, path.read_bytes())
    assert event["subject"] and event["from"]
    assert "problems" not in event


def test_published_events_fit_the_schema(bridge, dovecot, user, output):
    raw = [path.read_bytes() for path in SAMPLES]
    dovecot.append(user, raw)
    bridge.once()
    assert len(output.events()) == len(raw)
