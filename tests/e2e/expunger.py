"""Somebody who deletes mail while it is read."""

import imaplib
import random
import re
import threading

from servers.mailboxes import Mailboxes, done


class Expunger:
    """Use it as a context: it deletes in INBOX what it finds, the latest mail
    as likely as all others together, until the context ends; gone then holds
    the numbers (see mails.py) of what it deleted."""

    def __init__(self, server: Mailboxes, user: str, pause: float,
                 seed: int = 1) -> None:
        self.imap = server.login(user)
        done(self.imap.select("INBOX"))
        self.pause = pause
        self.random = random.Random(seed)
        self.gone: set = set()
        self.error: Exception | None = None
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def __enter__(self) -> "Expunger":
        self.thread.start()
        return self

    def __exit__(self, *failure) -> None:
        self.ended.set()
        self.thread.join(60)
        if self.error is not None:
            raise self.error
        self.imap.logout()

    def run(self) -> None:
        try:
            while not self.ended.wait(self.pause):
                self.step(self.imap)
        except Exception as error:  # for the test's own thread
            self.error = error

    def step(self, imap: imaplib.IMAP4) -> None:
        done(imap.noop())
        uids = (done(imap.uid("SEARCH", "1:*"))[0] or b"").split()
        if not uids:
            return
        uid = (uids[-1] if self.random.random() < 0.5
               else self.random.choice(uids)).decode()
        data = done(imap.uid(
            "FETCH", uid, "(BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])"))
        number = int(re.search(rb"<(\d+)@", data[0][1])[1])
        done(imap.uid("STORE", uid, "+FLAGS.SILENT", "(\\Deleted)"))
        done(imap.expunge())
        self.gone.add(number)
