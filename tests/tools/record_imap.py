"""Record what mailbridge and real servers say to one another.

    record_imap.py FOLDER [CYRUS_ROOT]

writes a transcript for each scenario into the folder: "C: " and "S: " before
each line, in the order in which they came; octets that are no visible ASCII
are \\xNN.  tests/unit/test_transcripts.c plays them again, octet by octet.
"""

import base64
import re
import socket
import sys
import threading
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "e2e")]

from bridge import Bridge  # noqa: E402
from mails import mail  # noqa: E402
from outputs import DirectoryOutput  # noqa: E402
from servers.cyrus import Cyrus  # noqa: E402
from servers.dovecot import PASSWORD, Dovecot  # noqa: E402
from servers.fakeimap import FakeImap  # noqa: E402
from servers.fakescripts import never_whole  # noqa: E402
from servers.process import free_port, new_folder, wait_until  # noqa: E402


def escape(line: bytes) -> str:
    return "".join(chr(c) if 32 <= c < 127 and c != 92 else f"\\x{c:02x}"
                   for c in line)


def plain(password: str) -> str:
    return base64.b64encode(f"\0user\0{password}".encode()).decode()


class Recorder:
    """Between a client and the server on ${port}; one transcript for each
    connection."""

    def __init__(self, port: int) -> None:
        self.target, self.port = port, free_port()
        self.dialogues: list = []
        self.listener = socket.create_server(("127.0.0.1", self.port))
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self) -> None:
        while True:
            client, _ = self.listener.accept()
            server = socket.create_connection(("127.0.0.1", self.target))
            dialogue: list = []
            self.dialogues.append(dialogue)
            for mark, pair in (("C", (client, server)), ("S", (server, client))):
                threading.Thread(target=self.pump, daemon=True,
                                 args=(mark, *pair, dialogue)).start()

    @staticmethod
    def pump(mark: str, source, sink, dialogue: list) -> None:
        rest = b""
        while data := source.recv(65536):
            *lines, rest = (rest + data).split(b"\r\n")
            dialogue += [f"{mark}: {escape(line)}" for line in lines]
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)

    def said(self, pattern: str) -> int:
        return sum(1 for dialogue in self.dialogues for line in dialogue
                   if re.search(pattern, line))


def run(port: int, folder: Path, events: int, more=None, at="^S: [+] ",
        **account) -> list:
    """The dialogues of a bridge until so many events came; ${more} happens
    once a line fits ${at}."""
    recorder = Recorder(port)
    output = DirectoryOutput(folder / f"out{recorder.port}")
    bridge = Bridge(folder / f"b{recorder.port}", [{
        "name": "a", "host": "127.0.0.1", "port": recorder.port, "tls": "none",
        "user": "user", "start": "beginning", "mailboxes": ["INBOX"],
        "auth": {"method": "password", "password": {"file": "secret.txt"}},
        **account}], {"events": output.section()})
    bridge.start()
    if more:
        wait_until(lambda: recorder.said(at), 30, at)
        more()
    wait_until(lambda: output.count() >= events, 60, f"{events} events")
    wait_until(lambda: recorder.said(at), 30, at)
    bridge.terminate()
    return recorder.dialogues


def write(folder: Path, name: str, dialogues: list) -> None:
    longest = max(dialogues, key=len)
    text = "\n".join(longest).replace(plain(PASSWORD), plain("x")) + "\n"
    (folder / f"{name}.txt").write_text(text)
    print(f"{name}: {len(longest)} lines")


def dovecot(folder: Path, work: Path) -> None:
    server = Dovecot()
    try:
        for number in range(3):
            server.deliver("user", mail(number))
        write(folder, "dovecot", run(
            server.port, work, 4, lambda: server.deliver("user", mail(9))))
        server.create("user", "Entw&APw-rfe")
        write(folder, "dovecot-patrol", run(
            server.port, work, 5, lambda: server.deliver("user", mail(8)),
            at="^C: .* STATUS", mailboxes=["*"], max_connections=1,
            poll_seconds=1))
    finally:
        server.remove()


def cyrus(folder: Path, work: Path, root: Path) -> None:
    import imaplib
    server = Cyrus(root)
    try:
        with imaplib.IMAP4("127.0.0.1", server.imap) as client:
            client.login("user", "x")
            client.create("INBOX")
            for number in range(2):
                client.append("INBOX", None, None, mail(number))
            write(folder, "cyrus", run(
                server.imap, work, 3,
                lambda: client.append("INBOX", None, None, mail(9))))
    finally:
        server.remove()


def odd(folder: Path, work: Path) -> None:
    """A server with all that is optional, and none that is easy."""
    server = FakeImap([mail(number) for number in range(1, 5)])
    server.capability += " ESEARCH OBJECTID SAVEDATE X-GM-EXT-1 ENABLE"
    server.facts = {1: {
        "EMAILID": "(M1)", "THREADID": "NIL",
        "SAVEDATE": '"01-Jun-2026 12:00:05 +0200"',
        "X-GM-MSGID": "1278455344230334865",
        "X-GM-LABELS": '(\\Inbox "a b" {3}\r\nc d)'}}
    server.on("UID FETCH", never_whole(server, 2), times=99)
    server.on("UID SEARCH", """
        S: * SEARCH 3 4
        S: $ OK [MESSAGELIMIT 2 3] that is enough
    """)
    server.on("EXAMINE", """
        S: * OK [ALERT] the disk is full
        S: * LIST () "/" {5}
        S: a"b\\
        S: * 0 FETCH (FLAGS ())
        -- model
    """)
    try:
        write(folder, "odd", run(server.port, work, 4))
    finally:
        server.close()


def main() -> None:
    folder, work = Path(sys.argv[1]), new_folder("record")
    dovecot(folder, work)
    odd(folder, work)
    if len(sys.argv) > 2:
        cyrus(folder, work, Path(sys.argv[2]))


if __name__ == "__main__":
    main()
