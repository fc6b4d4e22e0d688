"""The blob store: what events refer to is there before them, stays as long as it
should, and comes out as it went in."""

import base64
import hashlib
import json
import os
import random
import signal
import subprocess
import time

import pytest

from bridge import EX_DATAERR, EX_USAGE, PROGRAM, account
from faults import Faults
from outputs import KafkaOutput

FILE = bytes(random.Random(1).randbytes(40_000))
BLOB = "sha256-" + hashlib.sha256(FILE).hexdigest()
STORE = {"attachments": "store", "raw": "store"}
DAY = 86400


def mail(number: int, text: str = "See the file.") -> bytes:
    head = (f"From: a@example.org\r\nSubject: mail {number}\r\n"
            "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; "
            "boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n"
            f"{text}\r\n--b\r\nContent-Type: application/pdf\r\n"
            "Content-Disposition: attachment; filename=a.pdf\r\n"
            "Content-Transfer-Encoding: base64\r\n\r\n")
    body = base64.encodebytes(FILE).replace(b"\n", b"\r\n")
    return head.encode() + body + b"--b--\r\n"


def blob_path(bridge, blob: str = BLOB):
    return bridge.folder / "state/blobs" / blob[7:9] / blob


def get(bridge, blob: str) -> bytes:
    done = subprocess.run(
        [PROGRAM, "blob", "get", "-c", bridge.path, blob],
        capture_output=True, env=bridge.environment())
    assert done.returncode == 0, done.stderr
    return done.stdout


def age(bridge, days: float) -> None:
    when = time.time() - days * DAY
    for path in (bridge.folder / "state/blobs").rglob("sha256-*"):
        os.utime(path, (when, when))


def codes(event: dict) -> set:
    return {problem["code"] for problem in event.get("problems", [])}


@pytest.fixture
def bridge(new_bridge, dovecot, user, output):
    """Two mails with the same file, to be stored."""
    dovecot.append(user, [mail(1), mail(2)])
    return new_bridge([account(dovecot, user)], output, envelope=STORE)


def test_get(bridge, output):
    bridge.once()
    for number, event in enumerate(output.events(), 1):
        (attachment,) = event["attachments"]
        assert attachment["blobId"] == BLOB
        assert attachment["size"] == len(FILE)
        assert attachment["content"] is None
        assert get(bridge, BLOB) == FILE
        assert get(bridge, event["blobId"]) == mail(number)
    missing = bridge.command("blob", "get", "sha256-" + 64 * "0")
    assert missing.returncode == EX_DATAERR
    assert "is not in the store" in missing.stderr
    assert bridge.command("blob", "get", "a.pdf").returncode == EX_USAGE


def test_kill_between_blob_and_event(bridge, output, folder):
    bridge.faults = Faults(folder / "calls.txt", calls=("rename",),
                           paths=(str(output.path),)).at(1, "kill-before")
    assert bridge.start("--once").wait_exit() == -signal.SIGKILL
    assert output.events() == []
    before = blob_path(bridge).stat()
    bridge.faults = None
    bridge.once()
    assert [event["uid"] for event in output.events()] == [1, 2]
    assert get(bridge, BLOB) == FILE
    assert blob_path(bridge).stat().st_ino == before.st_ino


@pytest.mark.parametrize("content", [b"", FILE[:-1], FILE[:-1] + b"!"])
def test_damaged(bridge, output, dovecot, user, content):
    bridge.once()
    blob_path(bridge).write_bytes(content)
    done = bridge.command("blob", "get", BLOB)
    assert done.returncode == EX_DATAERR
    assert done.stdout == ""
    assert "damaged" in done.stderr
    dovecot.append(user, [mail(3)])
    bridge.once()
    assert f"{BLOB}: the file had another content" in bridge.printed()
    assert get(bridge, BLOB) == FILE


def test_gc(bridge, output, dovecot, user):
    def gc(*args: str) -> str:
        done = bridge.command("blob", "gc", *args)
        assert done.returncode == 0, done.stderr
        return done.stdout

    bridge.once()
    assert bridge.command("blob", "gc").returncode == EX_USAGE
    age(bridge, 10)
    assert gc("--older-than", "11").startswith("removed 0 blobs")
    assert gc("--older-than", "9", "--dry-run").startswith("would remove 3 ")
    assert blob_path(bridge).exists()
    dovecot.append(user, [mail(3)])  # refers to the file again
    bridge.once()
    assert gc("--older-than", "9").startswith("removed 2 blobs")
    assert get(bridge, BLOB) == FILE


def test_retention(bridge, output, dovecot, user):
    bridge.config["blobs"] = {"retention_days": 7}
    bridge.write()
    bridge.once()
    assert get(bridge, BLOB) == FILE
    age(bridge, 8)
    bridge.start()
    bridge.wait_log("not referred to for 7 days: removed")
    assert not blob_path(bridge).exists()
    dovecot.append(user, [mail(3)])
    bridge.wait(lambda: output.count() == 3, what="the third event")
    assert get(bridge, BLOB) == FILE
    assert bridge.terminate() == 0


def test_too_large_for_the_sink(new_bridge, dovecot, user, kafka):
    """The raw message and the file go first, then the end of the text, which is
    stored whole."""
    output = KafkaOutput(kafka, user.replace("/", "-"),
                         properties={"message.max.bytes": 20_000})
    output.create()
    dovecot.append(user, [mail(1), mail(2, "word " * 10_000)])
    bridge = new_bridge([account(dovecot, user)], output,
                        envelope={"attachments": "inline", "raw": "inline"})
    bridge.once()
    first, second = sorted(output.events(), key=lambda event: event["uid"])
    assert codes(first) == {"rawReferenced", "attachmentReferenced"}
    assert first["body"]["text"] == "See the file."
    assert "bodyTruncated" in codes(second)
    assert 5_000 < len(second["body"]["text"]) < 20_000
    for number, text, event in ((1, "See the file.", first),
                                (2, "word " * 10_000, second)):
        assert event["attachments"][0]["content"] is None
        assert get(bridge, event["attachments"][0]["blobId"]) == FILE
        assert get(bridge, event["blobId"]) == mail(number, text)
    whole = second["bodyStructure"]["subParts"][0]["blobId"]
    assert get(bridge, whole) == b"word " * 10_000
    small = first["bodyStructure"]["subParts"][0]["blobId"]
    assert not blob_path(bridge, small).exists()


def test_jmap_refers(new_bridge, dovecot, user, output):
    """RFC 8621's form names the same blobs, and holds none of them."""
    dovecot.append(user, [mail(1)])
    bridge = new_bridge([account(dovecot, user)], output,
                        envelope={**STORE, "format": "jmap"})
    bridge.once()
    (event,) = output.events()
    (attachment,) = event["attachments"]
    assert attachment["blobId"] == BLOB
    assert base64.b64encode(FILE[:300]).decode() not in json.dumps(event)
    assert get(bridge, BLOB) == FILE
    assert get(bridge, event["blobId"]) == mail(1)
