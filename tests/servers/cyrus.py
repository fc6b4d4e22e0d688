"""A private Cyrus (IMAP, LMTP, JMAP) from unpacked Debian packages.

Cyrus' packages conflict with Dovecot's, so nothing is installed: the folder
`root` is what `dpkg -x` made of them.  Any password is right: the socket that
stands for saslauthd is ours.
"""

import imaplib
import os
import shutil
import smtplib
import socket
import struct
import threading
from pathlib import Path

from .mailboxes import Mailboxes, plain_account
from .process import Missing, Server, accepts, free_port, new_folder

ROOT = Path(__file__).resolve().parents[2] / ".cache/cyrus/root"
LIB = "usr/lib/x86_64-linux-gnu"
BIN = "usr/lib/cyrus/bin"
FOLDERS = ("db", "socket", "proc", "log", "msg", "quota", "user", "sieve",
           "lock", "spool", "meta", "backup")

CONF = """\
configdirectory: {folder}
partition-default: {folder}/spool
defaultpartition: default
cyrus_user: {user}
admins: admin
servername: localhost
virtdomains: no
unixhierarchysep: yes
allowplaintext: yes
sasl_mech_list: PLAIN
sasl_pwcheck_method: saslauthd
sasl_saslauthd_path: {folder}/socket/mux
httpmodules: jmap
httpallowcompress: no
conversations: yes
duplicatesuppression: no
jmap_max_size_upload: 65536
jmap_uploadfolder: #jmap
jmap_nonstandard_extensions: no
syslog_prefix: mailbridge-test
"""

SERVICES = """\
START {{
  recover cmd="{bin}/ctl_cyrusdb -C {folder}/imapd.conf -r"
  idled cmd="{bin}/idled -C {folder}/imapd.conf"
}}
SERVICES {{
  imap cmd="{bin}/imapd -C {folder}/imapd.conf" listen="127.0.0.1:{imap}" proto="tcp4" prefork=1
  http cmd="{bin}/httpd -C {folder}/imapd.conf" listen="127.0.0.1:{http}" proto="tcp4"
  lmtp cmd="{bin}/lmtpd -a -C {folder}/imapd.conf" listen="127.0.0.1:{lmtp}" proto="tcp4"
}}
"""


class Cyrus(Mailboxes, Server):
    """http, imap and lmtp are its ports."""

    def __init__(self, root: Path = ROOT, fsync: bool = True) -> None:
        super().__init__("cyrus")
        if not root.is_dir():
            raise Missing(f"no Cyrus in {root}; run: make test-deps")
        self.root = root.resolve()
        self.folder = new_folder("cyrus", fsync=fsync)
        self.http, self.imap, self.lmtp = free_port(), free_port(), free_port()
        user = "nobody" if os.getuid() == 0 else os.environ["USER"]
        for name in FOLDERS:
            (self.folder / name).mkdir()
        names = {"folder": self.folder, "bin": self.root / BIN, "user": user,
                 "http": self.http, "imap": self.imap, "lmtp": self.lmtp}
        self.conf = CONF.format(**names)
        (self.folder / "cyrus.conf").write_text(SERVICES.format(**names))
        self.per_user = 0
        self.serve_passwords()
        if os.getuid() == 0:
            for path in [self.folder, *self.folder.rglob("*")]:
                shutil.chown(path, user)
        self.start()

    def limit(self, connections: int) -> None:
        """From the next start on, of one user at a time."""
        self.per_user = connections

    def start(self) -> None:
        (self.folder / "imapd.conf").write_text(
            self.conf + f"maxlogins_per_user: {self.per_user}\n")
        program = self.root / BIN / "master"
        if not program.exists():
            program = self.root / "usr/sbin/cyrmaster"
        self.spawn([program, "-C", self.folder / "imapd.conf",
                    "-M", self.folder / "cyrus.conf",
                    "-p", self.folder / "master.pid", "-D"],
                   self.folder / "cyrus.log",
                   env={**os.environ, "CYRUS_VERBOSE": "1",
                        "LD_LIBRARY_PATH": f"{self.root / LIB}"})
        self.wait_ready(lambda: all(accepts(port) for port in (
            self.http, self.imap, self.lmtp)), 30)

    def stop(self, seconds: float = 1) -> None:
        """The master waits for its clients to go."""
        super().stop(seconds)

    def serve_passwords(self) -> None:
        """The protocol of saslauthd: four counted strings, one back."""
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self.folder / "socket/mux"))
        os.chmod(self.folder / "socket/mux", 0o777)
        listener.listen()

        def loop() -> None:
            while True:
                client, _ = listener.accept()
                with client, client.makefile("rb") as stream:
                    for _ in range(4):
                        stream.read(*struct.unpack(">H", stream.read(2)))
                    client.sendall(struct.pack(">H", 2) + b"OK")

        threading.Thread(target=loop, daemon=True).start()

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    # Mailboxes

    def login(self, user: str) -> imaplib.IMAP4:
        imap = imaplib.IMAP4("127.0.0.1", self.imap)
        imap.login(user, "any")
        return imap

    def add(self, user: str) -> None:
        admin = self.login("admin")
        admin.create(f"user/{user}")
        admin.setacl(f"user/{user}", user, "lrswipkxtecdan")
        admin.setacl(f"user/{user}", "anyone", "p")  # for LMTP to Box
        admin.logout()

    def account(self, user: str) -> dict:
        return plain_account(user, self.imap)

    def deliver(self, user: str, *mails: bytes,
                mailbox: str = "INBOX") -> None:
        """By LMTP, as a mail server does."""
        if mailbox != "INBOX":
            user += f"+{mailbox}"
        with smtplib.LMTP("127.0.0.1", self.lmtp, "localhost") as lmtp:
            for mail in mails:
                lmtp.sendmail("sender@example.org", [user], mail)
