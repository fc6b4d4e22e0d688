"""Mails that are made to cost a converter much: each a few megabytes to 50 MB,
aimed at one place where the work could grow with the square of the size, or
the memory with the number of things in it."""

from typing import Callable

M = 1_000_000


def body(kind: str, content: bytes, encoding: str = "") -> bytes:
    head = f"Subject: bomb\r\nContent-Type: {kind}\r\n"
    if encoding:
        head += f"Content-Transfer-Encoding: {encoding}\r\n"
    return head.encode() + b"\r\n" + content


def field(name: bytes, value: bytes) -> bytes:
    return name + b": " + value + b"\r\nX-After: seen\r\n\r\ntext\r\n"


def nested(depth: int) -> bytes:
    """Multiparts, each in the one before."""
    return b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n"
        % (n, n) for n in range(depth)) + b"\r\ninnermost\r\n"


def parts(count: int, head: bytes = b"") -> bytes:
    return body("multipart/mixed; boundary=b",
                (b"--b\r\n" + head + b"\r\nx\r\n") * count + b"--b--\r\n")


BOMBS: dict[str, Callable[[], bytes]] = {
    "nested multiparts": lambda: nested(50_000),
    "nested multiparts of one boundary": lambda: body(
        "multipart/mixed; boundary=b",
        b"--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" * 100_000),
    "nested messages": lambda: b"Content-Type: message/rfc822\r\n\r\n" * 500_000,
    "parts": lambda: parts(500_000),
    "parts with many fields": lambda: parts(1000, b"X-Y: z\r\n" * 2000),
    "parts with long types": lambda: parts(
        1000, b"Content-Type: a/b" + b"; name*0=x" * 2000 + b"\r\n"),
    "lines like boundaries": lambda: body(
        "multipart/mixed; boundary=" + "b" * 900, (b"--" + b"b" * 899 + b"\r\n")
        * 30_000),
    "lines of dashes": lambda: nested(100) + b"--\r\n" * 8 * M,
    "fields": lambda: b"A: b\r\n" * M + b"\r\ntext\r\n",
    "lines of one field": lambda: field(b"Subject", b"x\r\n " * 5 * M),
    "lines that are no field": lambda: b"A: b\r\n" + b"no field\r\n" * 2 * M
    + b"B: c\r\n\r\n",
    "lines that go on in a parameter": lambda: b"A: b;\r\n" + b"a=b;\r\n" * 3 * M,
    "recipients": lambda: field(b"To", b"a@b," * 10 * M),
    "groups": lambda: field(b"To", b"g:a@b;," * 36_000),
    "colons": lambda: field(b"To", b":" * 250_000),
    "comments in comments": lambda: field(b"From", b"(" * 250_000),
    "angles": lambda: field(b"From", b"<" * 250_000 + b"a@b>"),
    "quotes": lambda: field(b"From", b'"\\' * 125_000),
    "words with an @": lambda: field(b"Cc", b"x @ " * 60_000),
    "routes": lambda: field(b"Cc", b"<@a,@b:" * 36_000),
    "long encoded word": lambda: field(
        b"Subject", b"=?utf-8?B?" + b"QUFB" * 60_000 + b"?="),
    "encoded words": lambda: field(b"Subject", b"=?utf-8?q?x?= " * 16_000),
    "encoded words of two charsets": lambda: field(
        b"Subject", b"=?gbk?q?=80?= =?big5?q?=80?= " * 8000),
    "starts of encoded words": lambda: field(b"Subject", b"=?" * 125_000 + b"?="),
    "half encoded words": lambda: field(
        b"Subject", b"=?utf-8?q?" * 25_000 + b"?="),
    "marks on one letter": lambda: field(b"Subject", b"a"
                                         + b"\xcc\x81\xcc\xa3" * 60_000),
    "dates": lambda: field(b"Date", b"(1" * 120_000 + b"2026-" * 20_000),
    "ids": lambda: field(b"References", b"<a@b> " * 40_000),
    "starts of ids": lambda: field(b"References", b"<" * 250_000 + b"a@b>"),
    "parameters": lambda: body("a/b" + "; a=b" * M, b"x"),
    "pieces of a parameter": lambda: body(
        "a/b" + "".join(f"; name*{n}*=%41" for n in range(1000)), b"x"),
    "quoted parameters": lambda: body('a/b; name="' + '\\"' * 400_000, b"x"),
    "base64 with padding": lambda: body("a/b", b"QQ==" * 8 * M, "base64"),
    "base64 that may be a footer": lambda: body(
        "a/b", (b"QQ==\r\n" + b"QQ" * 60) * 200_000, "base64"),
    "base64 of blanks": lambda: body("a/b", b"Q Q\t= " * 5 * M, "base64"),
    "quoted-printable": lambda: body("text/plain", b"=" * 30 * M,
                                     "quoted-printable"),
    "blanks at ends of lines": lambda: body(
        "text/plain", b" " * 30 * M + b"x", "quoted-printable"),
    "tags": lambda: body("text/html", b"<" * 8 * M),
    "comments in HTML": lambda: body("text/html", b"<!--" * 2 * M),
    "styles": lambda: body("text/html", b"<style" * M),
    "entities": lambda: body("text/html", b"&" * 8 * M),
    "metas": lambda: body("text/html", b"<meta charset=" * 500_000),
    "starts of files": lambda: body("text/plain",
                                    b"begin 644 x\r\nM\r\n" * 500_000),
    "controls": lambda: body("text/plain", b"\x01" * 40 * M),
    "no UTF-8": lambda: body("text/plain; charset=utf-8", b"\xc3\xff" * 10 * M),
    "no GB18030": lambda: body("text/plain; charset=gb2312", b"\xff" * 8 * M),
    "no Big5": lambda: body("text/plain; charset=big5", b"\xff" * 8 * M),
    "escapes of ISO-2022-JP": lambda: body(
        "text/plain; charset=iso-2022-jp", b"\x1b$B\x1b(B" * 2 * M),
    "escapes of ISO-2022-KR": lambda: body(
        "text/plain; charset=iso-2022-kr", b"\x1b$)C\x0e\x0f" * 2 * M),
    "UTF-7": lambda: body("text/plain; charset=utf-7", b"+AGEAYQ-" * 2 * M),
    "one line": lambda: b"x" * 50 * M,
    "NULs": lambda: b"\0" * 50 * M,
    "line ends": lambda: b"\r\n" * 20 * M,
    "a large attachment": lambda: body("a/b", b"\x80" * 48 * M, "8bit"),
}

# What an event of these has in its problems.
CUT = {
    "nested multiparts": "structureCut",
    "nested multiparts of one boundary": "structureCut",
    "parts": "structureCut",
    "parts with many fields": "structureCut",
    "lines of dashes": "structureCut",
    "fields": "headersCut",
    "lines of one field": "headersCut",
    "recipients": "recipientsCut",
    "groups": "recipientsCut",
    "ids": "recipientsCut",
    "parameters": "headersCut",
    "pieces of a parameter": "headersCut",
    "quoted-printable": "bodyTruncated",
    "controls": "bodyTruncated",
    "NULs": "nulDropped",
    "base64 with padding": "encodingRepaired",
    "no GB18030": "charsetReplaced",
    "dates": "dateInvalid",
}
