"""A scripted IMAP server: a small honest one, and transcripts of lies.

It serves one mailbox to everybody, plain, on a free port of 127.0.0.1. A test
says where it leaves the honest way:

    imap.on("UID FETCH 2 ", '''
        S: * 2 FETCH (UID 2 BODY[] NIL)
        S: $ OK done
    ''')

The first command that matches is answered so, and all others honestly. Lines
of a transcript:

    S: text       sent with CRLF; "$" is the tag of the present command
    C: regex      the next command must be this one; "$" is now its tag
    -- model      the honest answer to the present command
    -- close      the server closes the connection
    -- reset      the same by RST
    -- hole       nothing is ever sent again, the connection stays open

A list may be given instead, with bytes (sent as they are) and functions (of
the connection, async or not) among the lines.
"""

import asyncio
import inspect
import re
import socket
import struct
import threading
from dataclasses import dataclass
from typing import Callable, Optional

from .fakemailbox import DATE, Mailbox, section
from .process import free_port, wait_until

CAPABILITY = "IMAP4rev1 SASL-IR AUTH=PLAIN IDLE ID"


class Gone(Exception):
    """This connection is over."""


@dataclass
class Rule:
    pattern: str
    script: list
    times: int
    connection: Optional[int]


def matches(pattern: str, command: str) -> bool:
    """A FETCH of sizes, which comes before others, is only meant by name."""
    if "(UID RFC822.SIZE" in command and "SIZE" not in pattern:
        return False
    return re.match(pattern, command) is not None


def lines(transcript) -> list:
    if isinstance(transcript, str):
        transcript = transcript.splitlines()
    steps = []
    for item in transcript:
        if not isinstance(item, str):
            steps.append(item)
        elif item.strip():
            steps.append(item.lstrip())
    return steps


class Connection:
    def __init__(self, server: "FakeImap", number: int, reader, writer):
        self.server, self.number = server, number
        self.reader, self.writer = reader, writer
        self.tag = self.command = ""
        self.sent = 0
        self.faults = dict(server.faults(number))
        self.selected = False

    # Octets

    async def send(self, data: bytes) -> None:
        while self.faults:
            octet = min(self.faults)
            if octet > self.sent + len(data):
                break
            head = max(octet - self.sent, 0)
            await self.write(data[:head])
            data = data[head:]
            step = self.faults.pop(octet)
            if isinstance(step, bytes):
                self.writer.write(step)
            else:
                await self.play([step])
        await self.write(data)

    async def write(self, data: bytes) -> None:
        step = self.server.slice or len(data) or 1
        for start in range(0, len(data), step):
            self.writer.write(data[start:start + step])
            await self.writer.drain()
        self.sent += len(data)

    async def say(self, text: str) -> None:
        await self.send(text.replace("$", self.tag).encode() + b"\r\n")

    async def line(self) -> str:
        data = await self.reader.readline()
        if not data.endswith(b"\n"):
            raise Gone
        return data.decode("latin-1").rstrip("\r\n")

    async def listen(self) -> None:
        """The next command."""
        line = await self.line()
        self.tag, _, self.command = line.partition(" ")
        self.server.commands.append((self.number, self.command))

    async def hole(self) -> None:
        while await self.reader.read(4096):
            pass
        raise Gone

    async def reset(self) -> None:
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()
        while sock.fileno() != -1:
            await asyncio.sleep(0)
        raise Gone

    # The transcript

    async def play(self, script: list) -> None:
        for step in script:
            if callable(step):
                result = step(self)
                if inspect.isawaitable(result):
                    await result
            elif isinstance(step, bytes):
                await self.send(step)
            elif step.startswith("S: "):
                await self.say(step[3:])
            elif step.startswith("C: "):
                await self.listen()
                if not re.match(step[3:], self.command):
                    self.server.surprises.append(
                        f"expected {step[3:]}, got {self.command}")
                    raise Gone
            elif step == "-- model":
                await self.answer()
            elif step == "-- hole":
                await self.hole()
            elif step == "-- reset":
                await self.reset()
            elif step == "-- close":
                raise Gone
            else:
                raise ValueError(f"no line of a transcript: {step}")

    async def run(self) -> None:
        await self.play(lines(self.server.greeting))
        while True:
            await self.listen()
            rule = self.server.rule_for(self)
            if rule is not None:
                await self.play(rule.script)
            else:
                await self.answer()

    # The honest server

    async def answer(self) -> None:
        words = self.command.upper().split(" ")
        name = words[0] if words[0] != "UID" else f"UID_{words[1]}"
        method = getattr(self, f"on_{name.lower()}", None)
        if method is None:
            await self.say("$ BAD unknown command")
        else:
            await method()

    async def on_capability(self) -> None:
        await self.say(f"* CAPABILITY {self.server.capability}")
        await self.say("$ OK done")

    async def on_authenticate(self) -> None:
        if len(self.command.split(" ")) < 3:
            await self.say("+ ")
            await self.line()
        await self.say("$ OK [CAPABILITY %s] welcome" % self.server.capability)

    async def on_login(self) -> None:
        await self.say("$ OK [CAPABILITY %s] welcome" % self.server.capability)

    async def on_id(self) -> None:
        await self.say("* ID NIL")
        await self.say("$ OK done")

    async def on_examine(self) -> None:
        box = self.server.box
        self.selected = True
        await self.say("* FLAGS (\\Seen \\Deleted)")
        await self.say(f"* {len(box.mails)} EXISTS")
        await self.say(f"* OK [UIDVALIDITY {box.uidvalidity}] it")
        await self.say(f"* OK [UIDNEXT {box.uidnext}] it")
        await self.say("$ OK [READ-ONLY] done")

    async def on_status(self) -> None:
        box = self.server.box
        name = self.command.split(" ", 1)[1].rsplit(" (", 1)[0]
        await self.say(f"* STATUS {name} (MESSAGES {len(box.mails)} UIDNEXT "
                       f"{box.uidnext} UIDVALIDITY {box.uidvalidity})")
        await self.say("$ OK done")

    async def on_list(self) -> None:
        """There are no mailboxes but by a transcript."""
        await self.say("$ OK done")

    async def on_uid_search(self) -> None:
        box = self.server.box
        found = set()
        for text in re.findall(r"UID ([\d:*,]+)", self.command):
            found.update(box.resolve(text))
        uids = sorted(found - box.hidden)
        if "RETURN" in self.command:
            text = ",".join(map(str, uids))
            every = f" ALL {text}" if uids else ""
            await self.say(f'* ESEARCH (TAG "$") UID{every}')
        else:
            await self.say("* SEARCH" + "".join(f" {uid}" for uid in uids))
        await self.say("$ OK done")

    async def on_uid_fetch(self) -> None:
        _, _, text, items = self.command.split(" ", 3)
        for uid in self.server.box.resolve(text):
            await self.send(self.server.fetch_reply(uid, items))
        await self.say("$ OK done")

    async def on_noop(self) -> None:
        if self.selected:
            await self.say(f"* {len(self.server.box.mails)} EXISTS")
        await self.say("$ OK done")

    async def on_idle(self) -> None:
        await self.say("+ idling")
        done = asyncio.ensure_future(self.line())
        while not done.done():
            changed = self.server.changed
            waiter = asyncio.ensure_future(changed.wait())
            try:
                await asyncio.wait({done, waiter},
                                   return_when=asyncio.FIRST_COMPLETED)
            finally:
                waiter.cancel()
            if not done.done() and changed.is_set():
                await self.say(f"* {len(self.server.box.mails)} EXISTS")
        if done.result().upper() != "DONE":
            self.server.surprises.append(f"in IDLE: {done.result()}")
            raise Gone
        self.server.commands.append((self.number, "DONE"))
        await self.say("$ OK done")

    async def on_logout(self) -> None:
        await self.say("* BYE see you")
        await self.say("$ OK done")
        raise Gone


class FakeImap:
    """The server, on a thread of its own; use it as a context."""

    def __init__(self, mails: Optional[list] = None) -> None:
        self.box = Mailbox()
        self.facts: dict = {}  # UID: {item: value} that FETCH knows besides
        for mail in mails or []:
            self.box.add(mail)
        self.capability = CAPABILITY
        self.greeting = "S: * OK ready"
        self.slice = 0  # octets a write; 0: all at once
        # Of the number of a connection: what happens before which octet of
        # it: a line of a transcript, a function, or bytes that come between.
        self.faults: Callable = lambda number: {}
        self.rules: list = []
        self.commands: list = []  # (number of the connection, command)
        self.surprises: list = []
        self.connections = 0
        self.last: Optional[Connection] = None
        self.tasks: set = set()
        self.port = free_port()
        self.loop = asyncio.new_event_loop()
        self.changed = asyncio.Event()
        self.thread = threading.Thread(target=self.loop.run_forever,
                                       daemon=True)
        self.thread.start()
        self.call(self.open())

    def call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(
            coroutine, self.loop).result(30)

    async def open(self) -> None:
        self.changed = asyncio.Event()
        self.server = await asyncio.start_server(
            self.serve, "127.0.0.1", self.port, limit=1 << 20, backlog=1024)

    async def serve(self, reader, writer) -> None:
        self.connections += 1
        writer.get_extra_info("socket").setsockopt(
            socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        task = asyncio.current_task()
        self.tasks.add(task)
        try:
            self.last = Connection(self, self.connections, reader, writer)
            await self.last.run()
        except (Gone, OSError, asyncio.CancelledError):
            pass
        except Exception as error:  # a bug of the test, not of the client
            self.surprises.append(repr(error))
        finally:
            self.tasks.discard(task)
            writer.close()

    def close(self) -> None:
        async def end() -> None:
            self.server.close()
            tasks = list(self.tasks)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        self.call(end())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)

    # What tests say

    def on(self, pattern: str, transcript, times: int = 1,
           connection: Optional[int] = None) -> None:
        """Answer the next `times` commands that match like this."""
        self.rules.append(Rule(pattern, lines(transcript), times, connection))

    def rule_for(self, connection: Connection) -> Optional[Rule]:
        for rule in self.rules:
            if (rule.times > 0 and matches(rule.pattern, connection.command)
                    and rule.connection in (None, connection.number)):
                rule.times -= 1
                return rule
        return None

    def deliver(self, *mails: bytes) -> None:
        """New mail; who is in IDLE is told."""
        async def add() -> None:
            for mail in mails:
                self.box.add(mail)
            self.push()

        self.call(add())

    def push(self) -> None:
        self.changed.set()
        self.changed = asyncio.Event()

    def fetch_reply(self, uid: int, items: str = "(FLAGS INTERNALDATE BODY[])",
                    body: Optional[bytes] = None) -> bytes:
        """`* n FETCH (...)` as an honest server writes it."""
        whole = self.box.mails[uid] if body is None else body
        name, data = section(items, whole)
        told = [f"UID {uid}"]
        if "FLAGS" in items:
            told.append("FLAGS (\\Seen)")
        if "INTERNALDATE" in items:
            told.append(f"INTERNALDATE {self.box.dates.get(uid, DATE)}")
        if "RFC822.SIZE" in items:
            told.append(f"RFC822.SIZE {len(whole)}")
        for item in self.facts.get(uid, {}).items():
            if item[0] in items:
                told.append(" ".join(item))
        number = sorted(self.box.mails).index(uid) + 1
        head = f"* {number} FETCH ({' '.join(told)}"
        if not name:
            return head.encode() + b")\r\n"
        head += f" {name} {{{len(data)}}}\r\n"
        return head.encode() + data + b")\r\n"

    # What tests ask

    def said(self, pattern: str) -> list:
        """The commands that match, of all connections."""
        return [command for _, command in list(self.commands)
                if matches(pattern, command)]

    def wait_said(self, pattern: str, count: int = 1,
                  seconds: float = 30) -> None:
        wait_until(lambda: len(self.said(pattern)) >= count, seconds,
                   f"{count} of {pattern} in {self.commands[-20:]}")
