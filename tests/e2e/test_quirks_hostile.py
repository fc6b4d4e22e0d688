"""Servers that want to stall or to exhaust."""

import asyncio
import time
from pathlib import Path

import pytest

from mails import mail, mails
from servers.fakeimap import FakeImap
from servers.fakescripts import never_whole
from published import blob_id, expect, uids


def resident_kib(bridge) -> int:
    text = Path(f"/proc/{bridge.process.pid}/status").read_text()
    return int(text.split("VmHWM:")[1].split()[0])


def flood(line: bytes, octets: int):
    async def send(connection) -> None:
        block = line * (65536 // len(line) + 1)
        while connection.sent < octets:
            await connection.send(block)

    return send


PLACES = ["CAPABILITY", "AUTHENTICATE", "EXAMINE", "UID SEARCH", "UID FETCH",
          "IDLE"]


@pytest.mark.parametrize("command", PLACES)
def test_endless_line(imap, fake_bridge, output, command):
    imap.box.add(mail(1))
    imap.on(command, [flood(b"x", 1 << 40)])
    bridge = fake_bridge()
    bridge.start()
    expect(imap, bridge, output)
    imap.wait_said("IDLE")


def test_endless_greeting(imap, fake_bridge, output):
    imap.box.add(mail(1))
    imap.greeting = [flood(b"x", 1 << 40)]
    bridge = fake_bridge()
    bridge.start()
    bridge.wait(lambda: imap.connections >= 2, what="another try")
    imap.greeting = "S: * OK ready"
    expect(imap, bridge, output)


TALK = {"EXAMINE": b"* OK " + b"x" * 8000, "UID SEARCH": b"* " + b"y" * 8000,
        "UID FETCH": b"* 1 FETCH (FLAGS (" + b"\\Seen " * 200 + b"))"}


@pytest.mark.parametrize("command", TALK)
def test_endless_talk(imap, fake_bridge, output, command):
    """Lines without end, none of them the answer."""
    imap.box.add(mail(1))
    imap.on(command, [flood(TALK[command] + b"\r\n", 1 << 40)])
    bridge = fake_bridge()
    bridge.start()
    bridge.wait_log("talks without end", 60)
    expect(imap, bridge, output)


def test_a_flood_does_not_starve_others(imap, fake_account, new_bridge,
                                        output):
    """One server says the same for ever; the other's mail comes out."""
    loud = FakeImap()
    try:
        loud.on("IDLE", ["S: + idling",
                         flood(b"* OK Still here\r\n", 1 << 40)], times=99)
        bridge = new_bridge(
            [fake_account("loud", port=loud.port), fake_account("calm")],
            output)
        bridge.start()
        loud.wait_said("IDLE")
        imap.wait_said("IDLE")
        for number in range(1, 4):
            imap.deliver(mail(number))
            bridge.wait(lambda: output.count() == number, 30, "the mail")
        assert resident_kib(bridge) < 400_000
    finally:
        loud.close()


@pytest.mark.parametrize("size", [5 << 30, 1 << 62])
def test_endless_literal(imap, fake_bridge, output, size):
    """It is not read to its end; the mail is asked for in part."""
    for each in mails(3):
        imap.box.add(each)
    imap.on("UID FETCH", [
        f"* 2 FETCH (UID 2 BODY[] {{{size}}}\r\n".encode(),
        flood(b"x" * 70 + b"\r\n", 1 << 40)])
    bridge = fake_bridge()
    bridge.start()
    bridge.wait(lambda: output.count() == 3, what="three mails")
    assert imap.said(r"UID FETCH 2 .*BODY.PEEK\[\]<0\.")
    assert uids(output) == [1, 2, 3]


def test_literal_that_is_no_mail(imap, fake_bridge, output):
    imap.box.add(mail(1))
    imap.on("EXAMINE", [b"* LIST () NIL {99999999}\r\n",
                        flood(b"x", 1 << 40)])
    bridge = fake_bridge()
    bridge.start()
    expect(imap, bridge, output)


def test_one_octet_at_a_time(imap, fake_bridge, output):
    """A FETCH that goes on for ever, slowly."""
    imap.box.add(mail(1))

    async def drip(connection) -> None:
        await connection.send(b"* 1 FETCH (UID 1 BODY[] {900}\r\n")
        for _ in range(900):
            await connection.send(b"x")
            await asyncio.sleep(0.2)

    imap.on("UID FETCH", [drip])
    bridge = fake_bridge(command_seconds=5)
    bridge.start()
    bridge.wait_log("UID FETCH: no answer from the server within 5 s", 15)
    expect(imap, bridge, output)


LARGE = {
    "as it says": (20_000_000, None),
    "hardly too large": (1_100_000, None),
    "it says less": (20_000_000, 99),
    "it does not say": (20_000_000, 0),
}


@pytest.mark.parametrize("name", [
    "hardly too large", "it says less",
    pytest.param("as it says", marks=pytest.mark.long),
    pytest.param("it does not say", marks=pytest.mark.long)])
def test_a_large_mail_is_read_in_part(imap, new_bridge, fake_account, output,
                                      name):
    """Its header and the first part of its text make the event."""
    size, told = LARGE[name]
    imap.box.add(mail(1))
    imap.box.add(mail(2, size=size))
    imap.box.add(mail(3))
    if told is not None:
        imap.on("UID FETCH .*SIZE", [
            f"S: * 2 FETCH (UID 2 RFC822.SIZE {told})", "S: $ OK done"])
    bridge = new_bridge([fake_account()], output,
                        limits={"max_message_bytes": "1MiB"})
    bridge.once()
    events = sorted(output.events(), key=lambda event: event["uid"])
    assert [event["uid"] for event in events] == [1, 2, 3]
    assert events[1]["size"] == len(imap.box.mails[2])
    assert problem_codes(events[1]) == ["messageTruncated"]
    assert events[1]["subject"] == "mail 2" and events[1]["blobId"] is None
    assert 1_000_000 < len(events[1]["body"]["text"]) <= 1 << 20
    assert imap.said(r"UID FETCH 2 .*BODY.PEEK\[\]<0\.1048576>")
    assert "problems" not in events[0] and "problems" not in events[2]
    # Where the server told it, the mail was never asked for as a whole.
    assert imap.connections == (2 if told is not None else 1)


def problem_codes(event: dict) -> list:
    return [problem["code"] for problem in event.get("problems", [])]


@pytest.mark.parametrize("size", [1_100_000, 30_000_000])
def test_partial_fetch_ignored(imap, new_bridge, fake_account, output, size):
    """A server that sends all of it all the same: what is too much is thrown
    away as it comes."""
    imap.box.add(mail(1, size=size))
    imap.box.add(mail(2))

    async def whole(connection) -> None:
        for uid in imap.box.resolve(connection.command.split()[2]):
            await connection.send(imap.fetch_reply(uid))
        await connection.say("$ OK done")

    imap.on("UID FETCH", [whole], times=100)
    bridge = new_bridge([fake_account()], output,
                        limits={"max_message_bytes": "1MiB"})
    bridge.once()
    assert imap.connections == 1
    events = sorted(output.events(), key=lambda event: event["uid"])
    assert problem_codes(events[0]) == ["messageTruncated"]
    assert events[0]["size"] == len(imap.box.mails[1])
    assert events[0]["subject"] == "mail 1"
    assert "problems" not in events[1]


def test_header_and_text_apart(imap, fake_bridge, output):
    """A mail that never comes as a whole."""
    for each in mails(3):
        imap.box.add(each)
    imap.on("UID FETCH", never_whole(imap, 2), times=100)
    bridge = fake_bridge()
    start = time.monotonic()
    bridge.once()
    # It is asked for 5 s after the forms before, not when all else is idle.
    assert time.monotonic() - start < 40
    events = sorted(output.events(), key=lambda event: event["uid"])
    assert [event["uid"] for event in events] == [1, 2, 3]
    assert problem_codes(events[1]) == ["messageJoined"]
    assert events[1]["blobId"] == blob_id(imap.box.mails[2])
    assert events[1]["flags"] == ["\\Seen"] and events[1]["receivedAt"]
    said = [command.split(" ", 3)[3] for command in imap.said("UID FETCH 2 ")]
    assert said == [
        "(UID FLAGS INTERNALDATE BODY.PEEK[])", "BODY.PEEK[]",
        "BODY.PEEK[HEADER]", "BODY.PEEK[TEXT]", "(UID FLAGS INTERNALDATE)"]
    assert imap.connections == 1


def test_a_server_that_lists_what_is_not_there(imap, fake_bridge, output):
    """2^32 UIDs: memory stays, and what is there comes out first."""
    imap.box.add(mail(1))
    imap.capability += " ESEARCH"
    imap.on("UID SEARCH", """
        S: * ESEARCH (TAG "$") UID ALL 1:4294967295
        S: $ OK done
    """, times=1000)
    bridge = fake_bridge()
    bridge.start()
    bridge.wait(lambda: output.count() >= 1, what="the mail")
    imap.wait_said("UID FETCH", 20)
    assert uids(output)[0] == 1
    assert resident_kib(bridge) < 400_000
