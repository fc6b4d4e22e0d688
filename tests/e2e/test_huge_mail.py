"""A mail of 300 MB: cut where it is more than is asked for, whole where it may
be, and in the memory that the limits allow."""

import base64
import hashlib
import random
import re
import subprocess
from pathlib import Path

import pytest

import bridge as program
from bridge import ROOT, account

M = 1 << 20
SIZE = 300_000_000
FILE = random.Random(85).randbytes(1 << 16)


@pytest.fixture(scope="module")
def huge() -> tuple:
    """The mail, and the blob of its attachment."""
    lines = base64.encodebytes(FILE * 57).replace(b"\n", b"\r\n")
    head = (b"Subject: huge\r\nContent-Type: multipart/mixed; boundary=b\r\n"
            b"\r\n--b\r\n\r\nSee the file.\r\n--b\r\nContent-Type: a/b\r\n"
            b"Content-Transfer-Encoding: base64\r\n\r\n")
    times = SIZE // len(lines) + 1
    digest = hashlib.sha256(FILE * 57 * times).hexdigest()
    return head + lines * times + b"--b--\r\n", "sha256-" + digest


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("limit", [64, 320])
def test_in_bounded_memory(new_bridge, dovecot, user, output, monkeypatch,
                           huge, limit):
    """What is in flight, three times the largest, and 64 MiB."""
    mail, blob = huge
    # The program that users run: sanitizers cost memory of their own.
    subprocess.run(["make", "--no-print-directory", "-s", "all"], cwd=ROOT,
                   check=True)
    monkeypatch.setattr(program, "PROGRAM", ROOT / "build/mailbridge")
    dovecot.append(user, [b"Subject: before\r\n\r\n", mail,
                          b"Subject: after\r\n\r\n"])
    bridge = new_bridge(
        [account(dovecot, user)], output, envelope={"attachments": "store"},
        limits={"max_message_bytes": limit * M, "inflight_bytes": limit * M})
    bridge.start()
    bridge.wait(lambda: output.count() == 3, 300, "three events")
    status = Path(f"/proc/{bridge.process.pid}/status").read_text()
    peak = int(re.search(r"VmHWM:\s+(\d+)", status)[1]) * 1024
    assert bridge.terminate() == 0
    largest = min(len(mail), limit * M)
    assert peak < limit * M + 3 * largest + 64 * M
    event = next(event for event in output.events()
                 if event["subject"] == "huge")
    codes = {problem["code"] for problem in event.get("problems", [])}
    assert event["size"] == len(mail)
    assert event["body"]["text"] == "See the file."
    (attachment,) = event["attachments"]
    stored = bridge.folder / "state/blobs" / attachment["blobId"][7:9]
    assert (stored / attachment["blobId"]).stat().st_size == attachment["size"]
    if limit * M > len(mail):
        assert attachment["blobId"] == blob
        assert codes == set()
    else:
        assert event["blobId"] is None
        assert "messageTruncated" in codes
    print(f"peak {peak / M:.0f} MiB with max_message_bytes: {limit}MiB")
