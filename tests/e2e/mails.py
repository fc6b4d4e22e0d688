"""Mails to deliver."""

import random


def mail(number: int, size: int = 0, subject: str = "") -> bytes:
    """A small text mail; at least size octets. Its number is in its subject
    and its Message-ID."""
    subject = subject or f"mail {number}"
    head = (f"From: Ann <ann@example.org>\r\n"
            f"To: Bob <bob@example.org>\r\n"
            f"Subject: {subject}\r\n"
            f"Message-ID: <{number}@tests.example.org>\r\n"
            f"Date: Mon, 01 Jun 2026 10:00:00 +0000\r\n"
            f"MIME-Version: 1.0\r\n"
            f"Content-Type: text/plain; charset=utf-8\r\n\r\n"
            f"Body of mail {number}.\r\n").encode()
    lines = []
    source = random.Random(number)
    while len(head) + len(lines) * 74 < size:
        lines.append(f"{source.getrandbits(288):072x}".encode() + b"\r\n")
    return head + b"".join(lines)


def mails(count: int, first: int = 1, size: int = 0) -> list:
    return [mail(number, size) for number in range(first, first + count)]
