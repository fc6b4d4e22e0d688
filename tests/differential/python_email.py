"""What Python's email package makes of a mail, in the form of views.py.

It has no idea of its own which parts are the body, so RFC 8621 section 4.1.4
is applied to its tree.
"""

import base64
import email
import email.policy
from email.message import EmailMessage
from typing import Any, Callable, Optional

POLICY = email.policy.default
PLAIN = POLICY.clone(refold_source="none", max_line_length=None)
MEDIA = ("image", "audio", "video")


def attempt(read: Callable[[], Any]) -> Any:
    """It raises on some mail; then it has no opinion."""
    try:
        return read()
    except Exception as error:  # whatever it is, it is not ours
        return {"error": repr(error)}


def people(mail: EmailMessage, name: str) -> Optional[list]:
    field = mail[name]
    if field is None:
        return None
    return [[a.display_name, a.addr_spec] for a in field.addresses]


def date(mail: EmailMessage) -> Optional[float]:
    field = mail["date"]
    if field is None or field.datetime is None:
        return None
    when = field.datetime
    if when.tzinfo is None:
        return (when - type(when)(1970, 1, 1)).total_seconds()
    return when.timestamp()


class Bodies:
    """RFC 8621 section 4.1.4, its example in the place of a comment."""

    def __init__(self, mail: EmailMessage) -> None:
        self.text: list = []
        self.html: list = []
        self.files: list = []
        self.walk([mail], "mixed", False, self.text, self.html)

    def walk(self, parts: list, around: str, alternative: bool,
             text: Optional[list], html: Optional[list]) -> None:
        before = (len(text or []), len(html or []))
        for index, part in enumerate(parts):
            if part.get_content_maintype() == "multipart":
                kind = part.get_content_subtype()
                self.walk(list(part.iter_parts()), kind,
                          alternative or kind == "alternative", text, html)
                continue
            if not self.inline(part, around, index == 0):
                self.files.append(part)
                continue
            kind = part.get_content_type()
            media = part.get_content_maintype() in MEDIA
            if around == "alternative":
                {"text/plain": text, "text/html": html}.get(
                    kind, self.files).append(part)
                continue
            if alternative and kind == "text/plain":
                html = None
            if alternative and kind == "text/html":
                text = None
            for body in (text, html):
                if body is not None:
                    body.append(part)
            if (text is None or html is None) and media:
                self.files.append(part)
        if around == "alternative" and text is not None and html is not None:
            if len(text) == before[0] and len(html) != before[1]:
                text.extend(html[before[1]:])
            elif len(html) == before[1] and len(text) != before[0]:
                html.extend(text[before[0]:])

    @staticmethod
    def inline(part: EmailMessage, around: str, first: bool) -> bool:
        media = part.get_content_maintype() in MEDIA
        if (part.get_content_disposition() == "attachment"
                or not (media or part.get_content_type()
                        in ("text/plain", "text/html"))):
            return False
        return first or (around != "related"
                         and (media or not part.get_filename()))


def content(part: EmailMessage) -> bytes:
    if part.get_content_maintype() == "message":
        return b"\n".join(inner.as_bytes(policy=PLAIN)
                          for inner in part.get_payload())
    return part.get_payload(decode=True) or b""


def joined(parts: list, kind: str) -> Optional[str]:
    texts = [p.get_content() for p in parts if p.get_content_type() == kind]
    return "\n".join(texts) if texts else None


def files(mail: EmailMessage, bodies: Bodies) -> list:
    def used(part: EmailMessage) -> bool:
        kind = part.get_content_type()
        return (kind == "text/plain" and part in bodies.text
                or kind == "text/html" and part in bodies.html)

    leaves = [*bodies.text, *bodies.html, *bodies.files]
    unique = {id(part): part for part in leaves if not used(part)}
    return [{"name": part.get_filename(), "type": part.get_content_type(),
             "content": base64.b64encode(content(part)).decode()}
            for part in unique.values()]


def view(raw: bytes) -> dict:
    mail = email.message_from_bytes(raw, policy=POLICY)
    bodies = Bodies(mail)
    return {
        "subject": attempt(lambda: mail["subject"] and str(mail["subject"])),
        "messageId": attempt(lambda: mail["message-id"]),
        "date": attempt(lambda: date(mail)),
        "from": attempt(lambda: people(mail, "from")),
        "to": attempt(lambda: people(mail, "to")),
        "cc": attempt(lambda: people(mail, "cc")),
        "text": attempt(lambda: joined(bodies.text, "text/plain")),
        "html": attempt(lambda: joined(bodies.html, "text/html")),
        "attachments": files(mail, bodies),
    }
