"""A private Courier IMAP from unpacked Debian packages.

They conflict with Dovecot's, and want their own places in /run and
/usr/libexec: in a mount namespace of its own it finds ours there.  Any
password is right: the socket that stands for authdaemond is ours.  Only root
can start it; the users' own processes run as `nobody`.
"""

import imaplib
import itertools
import os
import pwd
import shutil
import socket
import threading
import time
from pathlib import Path

from .mailboxes import Mailboxes, plain_account
from .process import Missing, Server, accepts, free_port, new_folder

ROOT = Path(__file__).resolve().parents[2] / ".cache/courier/root"
OWNER = "nobody"
# Nobody else connects from here, so that no limit counts what tests do.
TESTS = "127.0.0.2"

CAPABILITY = ("IMAP4rev1 UIDPLUS CHILDREN NAMESPACE SORT QUOTA IDLE "
              "AUTH=PLAIN")
MOUNT = ('mount --bind "$0/run" /run && '
         'mount --bind "$1/usr/libexec" /usr/libexec && shift && exec "$@"')

names = itertools.count(1)


class Courier(Mailboxes, Server):
    """imap is its port."""

    def __init__(self, root: Path = ROOT, fsync: bool = True) -> None:
        super().__init__("courier")
        if not root.is_dir():
            raise Missing(f"no Courier in {root}; run: make test-deps")
        if os.geteuid() != 0:
            raise Missing("only root can start Courier")
        self.root = root.resolve()
        self.per_ip = 100
        self.folder = new_folder("courier", fsync=fsync)
        self.imap = free_port()
        self.owner = pwd.getpwnam(OWNER)
        (self.folder / "run/courier/authdaemon").mkdir(parents=True)
        (self.folder / "users").mkdir()
        self.give(self.folder / "users")
        self.serve_passwords()
        self.start()

    def limit(self, connections: int) -> None:
        """From the next start on, from one address at a time."""
        self.per_ip = connections

    def start(self) -> None:
        usr = self.root / "usr"
        # A process group is not enough: the watcher of files leaves it.
        self.spawn(
            ["unshare", "--mount", "--pid", "--fork", "--kill-child",
             "sh", "-c", MOUNT, self.folder, self.root,
             usr / "sbin/couriertcpd", "-address=127.0.0.1", "-maxprocs=200",
             f"-maxperip={self.per_ip}", "-nodnslookup", "-noidentlookup",
             str(self.imap), usr / "lib/courier/courier/imaplogin",
             usr / "bin/imapd", "Maildir"],
            self.folder / "courier.log", env={
                "PATH": os.environ["PATH"],
                "LD_LIBRARY_PATH": f"{usr}/lib:{usr}/lib/x86_64-linux-gnu",
                "GAM_CLIENT_ID": str(self.imap),
                "IMAP_CAPABILITY": CAPABILITY, "IMAP_KEYWORDS": "1",
                "IMAP_ENHANCEDIDLE": "1", "IMAP_USELOCKS": "1",
                "IMAP_IDLE_TIMEOUT": "60", "IMAP_TRASHFOLDERNAME": "Trash"})
        self.wait_ready(lambda: accepts(self.imap), 20)

    def stop(self, seconds: float = 0) -> None:
        """unshare passes no SIGTERM on; what it started dies with it."""
        self.kill()

    def serve_passwords(self) -> None:
        """The protocol of authdaemond: lines of what is known of the client,
        "AUTH octets", service, method, user and password; lines back."""
        path = self.folder / "run/courier/authdaemon/socket"
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(path))
        path.chmod(0o777)
        listener.listen(100)

        def serve(client: socket.socket) -> None:
            with client, client.makefile("rb") as stream:
                words = [b""]
                while words and words[0] != b"AUTH":
                    words = stream.readline().split()
                if words:
                    user = stream.read(int(words[1])).split(b"\n")[2].decode()
                    client.sendall(self.description(user).encode())

        def loop() -> None:
            while True:
                client, _ = listener.accept()
                serve(client)

        threading.Thread(target=loop, daemon=True).start()

    def description(self, user: str) -> str:
        home = self.folder / "users" / user
        return (f"UID={self.owner.pw_uid}\n"
                f"GID={self.owner.pw_gid}\nHOME={home}\n"
                f"ADDRESS={user}\nMAILDIR={home}/Maildir\n.\n")

    def give(self, path: Path) -> None:
        os.chown(path, self.owner.pw_uid, self.owner.pw_gid)

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    # Mailboxes

    prefix = "INBOX."

    def login(self, user: str) -> imaplib.IMAP4:
        imap = ImapFrom(TESTS, self.imap)
        imap.login(user, "any")
        return imap

    def add(self, user: str) -> None:
        home = self.folder / "users" / user
        for name in ("cur", "new", "tmp"):
            (home / "Maildir" / name).mkdir(parents=True)
        for path in [home, *home.rglob("*")]:
            self.give(path)

    def account(self, user: str) -> dict:
        return plain_account(user, self.imap)

    def deliver(self, user: str, *mails: bytes,
                mailbox: str = "INBOX") -> None:
        """As a mail server does: into tmp, then into new."""
        box = self.folder / "users" / user / "Maildir"
        if mailbox != "INBOX":
            box /= mailbox.removeprefix("INBOX")
        for mail in mails:
            name = f"{time.time():.6f}.N{next(names)}P{os.getpid()}.test"
            path = box / "tmp" / name
            path.write_bytes(mail.replace(b"\r\n", b"\n"))
            self.give(path)
            path.rename(box / "new" / name)

    def remove_file(self, user: str) -> None:
        """The only mail of INBOX, as another program than IMAP does it."""
        path, = (self.folder / "users" / user / "Maildir/cur").iterdir()
        path.unlink()


class ImapFrom(imaplib.IMAP4):
    """A client that comes from another address of this machine."""

    def __init__(self, address: str, port: int) -> None:
        self.address = address
        super().__init__("127.0.0.1", port)

    def _create_socket(self, timeout) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout,
                                        (self.address, 0))
