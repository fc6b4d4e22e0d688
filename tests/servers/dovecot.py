"""A private Dovecot: any user, one password, TLS with an own authority.

It never runs as root: root starts it as `nobody`, so that one configuration
serves a plain user, root and a container.
"""

import getpass
import grp
import imaplib
import os
import pwd
import shutil
import smtplib
import ssl
import subprocess
from pathlib import Path
from typing import Optional

from . import dovecot_config
from .certs import Authority
from .mailboxes import Mailboxes, plain_account
from .process import Server, accepts, find_program, free_port, new_folder

PASSWORD = "pass-canary-7d1f"


class Dovecot(Mailboxes, Server):
    """tokens: who is asked about access tokens, (introspection URL, CA file
    or None, mechanisms such as "xoauth2 oauthbearer");
    storage: maildir or sdbox; idle False: the server offers no IDLE;
    plaintext False: LOGIN only after TLS, seen at 127.0.0.2; hibernate: IDLE
    notifies at once; per_user: connections of one user at a time, 0: any; listen: addresses."""

    def __init__(self, storage: str = "maildir", idle: bool = True,
                 plaintext: bool = True, hibernate: bool = False,
                 certificate: str = "DNS:localhost,IP:127.0.0.1",
                 clients: int = 200, fsync: bool = True, per_user: int = 0,
                 tokens: Optional[tuple] = None,
                 listen: str = "127.0.0.1") -> None:
        super().__init__("dovecot")
        self.program = find_program("dovecot", "dovecot-imapd")
        self.doveadm_program = find_program("doveadm", "dovecot-imapd")
        self.user = "nobody" if os.geteuid() == 0 else getpass.getuser()
        account = pwd.getpwnam(self.user)
        self.folder = new_folder("dovecot", self.user)
        self.authority = Authority(self.folder)
        pem, key = self.authority.issue("server", certificate)
        for path in self.folder.iterdir():
            shutil.chown(path, self.user)
        self.port_tls, self.port, self.port_lmtp = (
            free_port(), free_port(), free_port())
        self.config = self.folder / "dovecot.conf"
        self.options = dict(
            folder=str(self.folder), user=self.user, uid=account.pw_uid,
            gid=account.pw_gid, group=grp.getgrgid(account.pw_gid).gr_name,
            password=PASSWORD, cert=str(pem), key=str(key), storage=storage,
            idle=idle, plaintext=plaintext, hibernate=hibernate,
            clients=clients, fsync=fsync, per_user=per_user,
            tokens=tokens, listen=listen, port=self.port,
            port_tls=self.port_tls, port_lmtp=self.port_lmtp)
        self.start()

    @property
    def ca(self) -> str:
        return str(self.authority.pem)

    # The server's life

    def version(self) -> tuple:
        out = subprocess.run([self.program, "--version"], check=True,
                             capture_output=True, text=True).stdout
        return tuple(int(part) for part in out.split()[0].split(".")[:2])

    def start(self) -> None:
        self.config.write_text(
            dovecot_config.text(self.version(), self.options))
        if self.options["tokens"]:
            path = self.folder / "oauth2.conf"
            path.write_text(dovecot_config.oauth2_23(self.options))
            shutil.chown(path, self.user)
        self.spawn([self.program, "-F", "-c", str(self.config)],
                   self.folder / "dovecot.log", **self.credentials())
        self.wait_ready(self.ready, 20)

    def credentials(self) -> dict:
        if os.geteuid() != 0:
            return {}
        return {"user": self.user, "group": self.options["group"],
                "extra_groups": []}

    def ready(self) -> bool:
        return all(accepts(port) for port in
                   (self.port, self.port_tls, self.port_lmtp))

    def limit(self, connections: int) -> None:
        """From the next start on, of one user at a time."""
        self.options["per_user"] = connections

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    # Its mailboxes

    def doveadm(self, *args: str) -> str:
        done = subprocess.run(
            [self.doveadm_program, "-c", str(self.config), *args],
            capture_output=True, text=True, stdin=subprocess.DEVNULL,
            cwd=self.folder, **self.credentials())
        if done.returncode != 0:
            raise RuntimeError(f"doveadm {' '.join(args)}: "
                               f"{done.stderr}{self.tail(5)}")
        return done.stdout

    def login(self, user: str) -> imaplib.IMAP4:
        context = ssl.create_default_context(cafile=self.ca)
        context.check_hostname = False  # some tests have a wrong one
        imap = imaplib.IMAP4_SSL("localhost", self.port_tls,
                                 ssl_context=context)
        imap.login(user, PASSWORD)
        return imap

    def create(self, user: str, *mailboxes: str) -> None:
        self.doveadm("mailbox", "create", "-u", user, *mailboxes)

    def account(self, user: str) -> dict:
        return {**plain_account(user, self.port_tls), "host": "localhost",
                "tls": "implicit", "tls_ca": self.ca}

    def deliver(self, user: str, *mails: bytes,
                mailbox: str = "INBOX") -> None:
        """Into INBOX by LMTP, as a mail server does."""
        if mailbox != "INBOX":
            self.save(user, list(mails), mailbox)
            return
        with smtplib.LMTP("127.0.0.1", self.port_lmtp, "localhost") as lmtp:
            for mail in mails:
                lmtp.sendmail("sender@example.org", [user], mail)

    def save(self, user: str, mails: list, mailbox: str = "INBOX") -> None:
        """Without a connection, which might be one too many."""
        for data in mails:
            done = subprocess.run(
                [self.doveadm_program, "-c", str(self.config), "save", "-u",
                 user, "-m", mailbox], input=data, capture_output=True,
                cwd=self.folder, **self.credentials())
            assert done.returncode == 0, done.stderr

    def uids(self, user: str, mailbox: str = "INBOX") -> list:
        return [row["uid"] for row in self.fetch(user, mailbox)]

    def fetch(self, user: str, mailbox: str = "INBOX") -> list:
        """uid and flags of each message, without touching one."""
        out = self.doveadm("-f", "tab", "fetch", "-u", user, "uid flags",
                           "mailbox", mailbox)
        rows = [line.split("\t") for line in out.splitlines()[1:]]
        return [{"uid": int(uid), "flags": flags.split()}
                for uid, flags in rows]

    def uidvalidity(self, user: str, mailbox: str = "INBOX") -> int:
        out = self.doveadm("mailbox", "status", "-u", user, "uidvalidity",
                           mailbox)
        return int(out.rsplit("=", 1)[1])

    def set_uidvalidity(self, user: str, value: int,
                        mailbox: str = "INBOX") -> None:
        self.doveadm("mailbox", "update", "-u", user, "--uid-validity",
                     str(value), mailbox)

    def expunge(self, user: str, uid: int, mailbox: str = "INBOX") -> None:
        self.doveadm("expunge", "-u", user, "mailbox", mailbox, "uid",
                     str(uid))

    def kick(self, user: str) -> None:
        """Cut the user's connections."""
        try:
            self.doveadm("kick", user)
        except RuntimeError:
            pass  # it has just left by itself
