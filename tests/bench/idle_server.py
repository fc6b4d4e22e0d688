"""A light IMAP server with TLS for ten thousand idle clients: no real one is
light enough to stand beside them on one machine.

    idle_server.py PORT CERTIFICATE KEY

Each user has one mailbox.  It reads lines from stdin: "count" prints how many
clients are in IDLE, "USER" delivers a mail to that user.
"""

import asyncio
import base64
import re
import ssl
import sys

CAPABILITY = "CAPABILITY IMAP4rev1 SASL-IR AUTH=PLAIN IDLE"
BODY = b"x" * 70 + b"\r\n"

mails: dict = {}  # user: number of mails
idle: dict = {}  # user: the client in IDLE


def mail(number: int) -> bytes:
    return (b"From: a@example.org\r\nSubject: mail %d\r\n"
            b"Message-ID: <%d@bench.example.org>\r\n\r\n" % (number, number)
            + BODY * 100)


class Client(asyncio.Protocol):
    def connection_made(self, transport) -> None:
        self.transport = transport
        self.user = self.tag = ""
        self.rest = b""
        self.say(f"* OK [{CAPABILITY}] ready")

    def connection_lost(self, error) -> None:
        if idle.get(self.user) is self:
            del idle[self.user]

    def say(self, *lines: str) -> None:
        self.transport.write("".join(f"{line}\r\n" for line in lines).encode())

    def data_received(self, data: bytes) -> None:
        *lines, self.rest = (self.rest + data).split(b"\r\n")
        for line in lines:
            self.take(line.decode())

    def take(self, line: str) -> None:
        if line == "DONE":
            idle.pop(self.user, None)
            self.say(f"{self.tag} OK done")
            return
        self.tag, _, command = line.partition(" ")
        count = mails.get(self.user, 0)
        if command.startswith("AUTHENTICATE PLAIN "):
            self.user = base64.b64decode(
                command.split()[2]).split(b"\0")[1].decode()
            self.say(f"{self.tag} OK [{CAPABILITY}] in")
            return
        if command.startswith("EXAMINE"):
            self.say(f"* {count} EXISTS", "* OK [UIDVALIDITY 1] it",
                     f"* OK [UIDNEXT {count + 1}] it")
        elif command.startswith("UID SEARCH"):
            low = int(re.search(r"UID (\d+)", command)[1])
            uids = range(low, count + 1) or range(count, count + 1)
            self.say("* SEARCH" + "".join(f" {uid}" for uid in uids if uid))
        elif command.startswith("UID FETCH"):
            for uid in map(int, re.findall(r"\d+", command.split()[2])):
                raw = mail(uid)
                self.transport.write(
                    b"* %d FETCH (UID %d FLAGS () INTERNALDATE "
                    b'"01-Jun-2026 10:00:00 +0000" BODY[] {%d}\r\n' % (
                        uid, uid, len(raw)) + raw + b")\r\n")
        elif command == "IDLE":
            idle[self.user] = self
            self.say("+ idling")
            return
        elif command == "LOGOUT":
            self.say("* BYE bye")
        self.say(f"{self.tag} OK done")


def order(line: str) -> None:
    if line == "count":
        print(len(idle), flush=True)
        return
    mails[line] = mails.get(line, 0) + 1
    if line in idle:
        idle[line].say(f"* {mails[line]} EXISTS")


async def main() -> None:
    loop = asyncio.get_running_loop()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(sys.argv[2], sys.argv[3])
    context.num_tickets = 0
    await loop.create_server(Client, "127.0.0.1", int(sys.argv[1]),
                             ssl=context, backlog=4096)
    print("ready", flush=True)
    loop.add_reader(0, lambda: order(sys.stdin.readline().strip()))
    await asyncio.Event().wait()


asyncio.run(main())
