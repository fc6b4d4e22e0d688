"""One form for what each parser says of a mail, and what counts as equal.

A view has subject, messageId, date (seconds since 1970), from, to, cc (pairs
of name and address), text, html, and attachments (name, type, content).

White space: in subject, names and addresses, runs of it are one space and go
at the ends.  In text and HTML, CRLF is LF, blanks at the ends of lines and
empty lines at both ends go, and several parts may be joined by any number of
line ends.  In attachments of type text/* and message/*, CRLF is LF and line
ends at the end go.  All other attachments are compared octet by octet.
Subjects and names are in Normalization Form C (RFC 8621 section 4.1.2.2).
NUL octets go (section 4.1.2.1).  What is missing or empty is no case, and
neither is a value with U+FFFD in it: that says "unreadable", which two
parsers may well say alike.
"""

import base64
import hashlib
import re
import unicodedata
from datetime import datetime
from typing import Any, Optional

FIELDS = ("subject", "messageId", "date", "from", "to", "cc", "text", "html",
          "names", "contents")


def words(text: Optional[str]) -> str:
    text = unicodedata.normalize("NFC", text or "")
    return " ".join(text.replace("\0", "").split())


def lines(text: Optional[str]) -> str:
    text = (text or "").replace("\0", "").replace("\r\n", "\n")
    text = re.sub(r"[ \t\r]+$", "", text, flags=re.M)
    return re.sub(r"\n+", "\n", text).strip("\n \t")


def octets(attachment: dict) -> str:
    content = base64.b64decode(attachment["content"] or "")
    kind = (attachment["type"] or "").lower()
    if kind.startswith(("text/", "message/")):
        content = content.replace(b"\r\n", b"\n").rstrip(b"\n")
    return hashlib.sha256(content).hexdigest()[:16] if content else ""


def people(pairs: Optional[list]) -> list:
    return [[words(name), words(email)] for name, email in pairs or []]


def readable(value: Any) -> bool:
    return bool(value) and "\N{REPLACEMENT CHARACTER}" not in str(value)


def normal(view: dict) -> dict:
    """The fields that are compared; one that failed is missing."""
    if "error" in view:
        return {}
    files = view["attachments"]
    plain: dict[str, Any] = {
        "subject": lambda: words(view["subject"]),
        "messageId": lambda: words(view["messageId"]).strip("<> "),
        "date": lambda: view["date"],
        "from": lambda: people(view["from"]),
        "to": lambda: people(view["to"]),
        "cc": lambda: people(view["cc"]),
        "text": lambda: lines(view["text"]),
        "html": lambda: lines(view["html"]),
        "names": lambda: sorted(filter(None, (words(f["name"])
                                              for f in files))),
        "contents": lambda: sorted(filter(None, map(octets, files))),
    }
    result = {}
    for field in FIELDS:
        value = view.get(field)
        if not (isinstance(value, dict) and "error" in value):
            result[field] = plain[field]()
    return result


def seconds(iso: Optional[str]) -> Optional[float]:
    """The moment of an RFC 3339 date."""
    if not iso:
        return None
    return datetime.fromisoformat(iso.replace("Z", "+00:00")).timestamp()
