"""What tests do to mailboxes by IMAP, the same on every server."""

import base64
import imaplib
import re
import time
from typing import Optional


def imap_name(mailbox: str) -> str:
    """The quoted name of a mailbox, in modified UTF-7 (RFC 3501, 5.1.3)."""
    def encode(run: re.Match) -> str:
        text = base64.b64encode(run[0].encode("utf-16-be")).decode()
        return "&" + text.rstrip("=").replace("/", ",") + "-"

    name = re.sub(r"[^ -~]+", encode, mailbox.replace("&", "&-"))
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def done(answer: tuple) -> list:
    kind, data = answer
    assert kind == "OK", data
    return data


def plain_account(user: str, port: int) -> dict:
    """An account of the config, at a server on loopback without TLS."""
    return {"name": user, "host": "127.0.0.1", "port": port, "tls": "none",
            "user": user, "mailboxes": ["INBOX"], "start": "beginning",
            "auth": {"method": "password",
                     "password": {"file": "secret.txt"}}}


class Mailboxes:
    """For a server that has login()."""

    prefix = ""  # of each mailbox but INBOX

    def login(self, user: str) -> imaplib.IMAP4:
        raise NotImplementedError

    def add(self, user: str) -> None:
        """Before the user's first mail."""

    def create(self, user: str, *mailboxes: str) -> None:
        imap = self.login(user)
        for name in mailboxes:
            done(imap.create(imap_name(name)))
        imap.logout()

    def rename(self, user: str, old: str, new: str) -> None:
        imap = self.login(user)
        done(imap.rename(imap_name(old), imap_name(new)))
        imap.logout()

    def append(self, user: str, mails: list, mailbox: str = "INBOX",
               date: Optional[float] = None, flags: str = "") -> None:
        """Which lets us choose mailbox, flags and INTERNALDATE."""
        when = imaplib.Time2Internaldate(date or time.time())
        imap = self.login(user)
        for mail in mails:
            done(imap.append(imap_name(mailbox), flags or None, when, mail))
        imap.logout()

    def numbers(self, user: str, mailbox: str = "INBOX") -> dict:
        """{UID: the number of the mail, see mails.py} of what is there."""
        imap = self.login(user)
        done(imap.select(imap_name(mailbox)))
        answer = done(imap.uid(
            "FETCH", "1:*", "(BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])"))
        imap.logout()
        found = {}
        for part in answer:
            if isinstance(part, tuple):
                number = re.search(rb"<(\d+)@", part[1])
                found[int(re.search(rb"UID (\d+)", part[0])[1])] = int(
                    number[1])
        return found
