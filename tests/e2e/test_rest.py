"""Connections that die in the middle of a large message: what came is kept, and
only the rest is asked for."""

import asyncio
import fcntl
import re
import signal
import termios
from hashlib import sha256

import pytest

from mails import mail

KIB = 1024


def asked(imap, uid: int) -> list:
    """(first octet, octets) of each FETCH of the rest of it."""
    found = (re.search(r"BODY.PEEK\[\]<(\d+)\.(\d+)>", command)
             for command in imap.said(f"UID FETCH {uid} "))
    return [tuple(map(int, match.groups())) for match in found if match]


async def delivered(connection) -> None:
    """Until the other side has all that was sent, read or not."""
    sock = connection.writer.get_extra_info("socket")
    while any(fcntl.ioctl(sock, termios.TIOCOUTQ, bytes(4))):
        await asyncio.sleep(0.001)


def expect(imap, bridge, output) -> None:
    bridge.wait(lambda: output.count() == len(imap.box.mails), 120, "all mails")
    for event in output.events():
        octets = imap.box.mails[event["uid"]]
        assert event["size"] == len(octets)
        assert event["blobId"] == f"sha256-{sha256(octets).hexdigest()}"
        assert not event.get("problems")


def cut(imap, ends: dict) -> None:
    """Each connection ends after as many octets of a message as ${ends} has for
    its UID, the next one after the next number."""
    async def fetch(connection) -> None:
        _, _, text, items = connection.command.split(" ", 3)
        for uid in imap.box.resolve(text):
            reply = imap.fetch_reply(uid, items)
            if ends.get(uid):
                start = reply.index(b"}\r\n") + 3
                await connection.send(reply[:start + ends[uid].pop(0)])
                connection.writer.close()
                return
            await connection.send(reply)
        await connection.say("$ OK done")

    imap.on("UID FETCH", [fetch], times=1000)


@pytest.mark.long
def test_each_kib(imap, fake_bridge, output):
    for number in range(1, 65):
        imap.box.add(mail(number, size=64 * KIB))
    cut(imap, {uid: [uid * KIB] for uid in range(1, 65)})
    bridge = fake_bridge()
    bridge.start()
    expect(imap, bridge, output)
    for uid, octets in imap.box.mails.items():
        rest = [(uid * KIB, len(octets) - uid * KIB)]
        assert asked(imap, uid) == (rest if uid >= 16 else [])
    assert imap.connections == 65


def test_a_third_each(imap, fake_bridge, output):
    whole = mail(1, size=300 * KIB)
    imap.box.add(whole)
    cut(imap, {1: [100 * KIB, 100 * KIB]})
    bridge = fake_bridge()
    bridge.start()
    expect(imap, bridge, output)
    assert asked(imap, 1) == [
        (100 * KIB, len(whole) - 100 * KIB),
        (200 * KIB, len(whole) - 200 * KIB)]


def test_an_rst_takes_nothing_back(imap, fake_bridge, output):
    """What came before it is read, though the socket has failed already."""
    imap.box.add(mail(1, size=100 * KIB))
    bridge = fake_bridge()

    async def fetch(connection) -> None:
        reply = imap.fetch_reply(1, connection.command.split(" ", 3)[3])
        bridge.process.send_signal(signal.SIGSTOP)
        try:
            await connection.send(reply[:reply.index(b"}\r\n") + 3 + 40 * KIB])
            await delivered(connection)
            await connection.reset()
        finally:
            bridge.process.send_signal(signal.SIGCONT)

    imap.on("UID FETCH", [fetch])
    bridge.start()
    expect(imap, bridge, output)
    assert [first for first, _ in asked(imap, 1)] == [40 * KIB]


def test_no_progress(imap, fake_bridge, output):
    """Where no more comes of the rest, the other forms have their turn."""
    imap.box.add(mail(1, size=100 * KIB))
    cut(imap, {1: [50 * KIB, KIB]})
    bridge = fake_bridge()
    bridge.start()
    expect(imap, bridge, output)
    assert [first for first, _ in asked(imap, 1)] == [50 * KIB]
    assert len(imap.said(r"UID FETCH 1 BODY\.PEEK\[\]")) == 1


def test_a_server_that_makes_it_anew(imap, fake_bridge, output):
    """Of another size than before: what was kept is of no use."""
    imap.box.add(mail(1, size=100 * KIB))
    cut(imap, {1: [50 * KIB]})

    async def other(connection) -> None:
        octets = mail(1, size=101 * KIB)
        items = connection.command.split(" ", 3)[3]
        imap.box.mails[1] = octets
        await connection.send(imap.fetch_reply(1, items))
        await connection.say("$ OK done")

    imap.rules.insert(0, imap.rules.pop())
    bridge = fake_bridge()
    imap.on(r"UID FETCH 1 .*<\d+\.", [other])
    imap.rules.insert(0, imap.rules.pop())
    bridge.start()
    expect(imap, bridge, output)
    assert len(asked(imap, 1)) == 1


def test_exchange_is_asked_for_the_whole(imap, fake_bridge, output):
    imap.greeting = "S: * OK The Microsoft Exchange IMAP4 service is ready."
    imap.box.add(mail(1, size=100 * KIB))
    cut(imap, {1: [50 * KIB]})
    bridge = fake_bridge()
    bridge.start()
    expect(imap, bridge, output)
    assert asked(imap, 1) == []
