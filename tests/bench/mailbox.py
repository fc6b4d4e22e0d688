"""Fills a mailbox fast: files straight into the Maildir."""

import base64
import os
import random
import shutil
from pathlib import Path

WORDS = ("order invoice price delivery please thank regards meeting monday "
         "report attached number customer ticket server alert disk error "
         "answer question grüße straße naïve").split()


def paragraph(source: random.Random, size: int) -> bytes:
    """Text of about that many octets, in lines."""
    lines, length = [], 0
    while length < size:
        line = " ".join(source.choices(WORDS, k=10)).encode() + b"\r\n"
        lines.append(line)
        length += len(line)
    return b"".join(lines)


def compose(number: int, size: int) -> bytes:
    """A mail of about size octets: text and HTML, and where there is room an
    attachment, as real mail has it."""
    source = random.Random(number)
    text_size = min(size // 4, 3000)
    head = (f"Return-Path: <sender{number % 97}@example.org>\r\n"
            f"Received: from mx.example.org by mail.example.com; "
            f"Mon, 01 Jun 2026 10:00:00 +0000\r\n"
            f"From: Sender {number % 97} <sender{number % 97}@example.org>\r\n"
            f"To: Bench <bench@example.com>\r\n"
            f"Subject: =?utf-8?Q?Message_n=C2=BA_{number}?=\r\n"
            f"Message-ID: <{number}@bench.example.org>\r\n"
            f"Date: Mon, 01 Jun 2026 10:00:00 +0000\r\n"
            f"MIME-Version: 1.0\r\n"
            f"Content-Type: multipart/mixed; boundary=\"b\"\r\n\r\n").encode()
    kind = b"; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    text = b"--b\r\nContent-Type: text/plain" + kind + paragraph(
        source, text_size)
    html = (b"--b\r\nContent-Type: text/html" + kind + b"<html><body><p>" +
            paragraph(source, text_size * 2) + b"</p></body></html>\r\n")
    room = size - len(head) - len(text) - len(html) - 200
    if room < 100:
        return head + text + b"--b--\r\n"
    content = base64.encodebytes(source.randbytes(room * 3 // 4))
    part = (b"--b\r\nContent-Type: application/pdf; name=\"a.pdf\"\r\n"
            b"Content-Disposition: attachment; filename=\"a.pdf\"\r\n"
            b"Content-Transfer-Encoding: base64\r\n\r\n" +
            content.replace(b"\n", b"\r\n"))
    return head + text + html + part + b"--b--\r\n"


def sizes(average: int) -> list:
    """Twenty sizes of that average: many small ones, a few large."""
    shares = [0.1] * 8 + [0.4] * 6 + [1.0] * 3 + [3.0] * 2 + [7.8]
    scale = average * len(shares) / sum(shares)
    return [int(share * scale) for share in shares]


def fill(dovecot, user: str, count: int, average: int,
         spread: bool = True) -> int:
    """Write them; the octets written. The mailbox is indexed afterwards."""
    home = Path(dovecot.options["folder"]) / "users" / user
    dovecot.create(user, "INBOX")
    cur = home / "mail" / "cur"
    kinds = sizes(average) if spread else [average]
    patterns = [compose(number, size) for number, size in enumerate(kinds)]
    total = 0
    for number in range(count):
        raw = patterns[number % len(patterns)].replace(
            b"Message-ID: <", b"Message-ID: <%d." % number, 1)
        path = cur / f"{1780000000 + number}.M1P1.bench,S={len(raw)}:2,"
        path.write_bytes(raw)
        total += len(raw)
    if os.geteuid() == 0:
        for path in cur.iterdir():
            shutil.chown(path, dovecot.user)
    dovecot.doveadm("index", "-u", user, "INBOX")
    return total
