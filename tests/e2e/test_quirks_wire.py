"""What the octets may look like."""

import asyncio

import pytest

from mails import mail, mails
from published import expect, expect_each, uids


def test_mail_that_speaks_imap(imap, fake_bridge, output):
    """A literal is counted, not read: whatever tags are in it."""
    tags = "".join(f"m{number} OK done\r\nm{number} NO [EXPIRED] no\r\n"
                   f"* {number} EXISTS\r\n* BYE m{number}\r\n+ go\r\n"
                   for number in range(1, 60)).encode()
    for number in (1, 2, 3):
        imap.box.add(mail(number) + tags)
    bridge = fake_bridge()
    bridge.start()
    expect(imap, bridge, output)
    imap.wait_said("IDLE")
    assert imap.connections == 1


@pytest.mark.parametrize("piece", [1, 2, 7])
def test_in_pieces(imap, fake_bridge, output, piece):
    imap.slice = piece
    for each in mails(2):
        imap.box.add(each)
    bridge = fake_bridge()
    bridge.start()
    expect(imap, bridge, output)
    imap.wait_said("IDLE")
    imap.deliver(mail(3))
    expect(imap, bridge, output)
    assert imap.connections == 1


BODY = mail(1)
LITERALS = {
    "literal8": b"* 1 FETCH (UID 1 BODY[] ~{%d}\r\n%s)\r\n",
    "non-synchronizing": b"* 1 FETCH (UID 1 BODY[] {%d+}\r\n%s)\r\n",
    "LF alone": b"* 1 FETCH (UID 1 BODY[] {%d}\n%s)\n",
    "no space": b"* 1 FETCH (UID 1 BODY[]{%d}\r\n%s)\r\n",
    "leading zeros": b"* 1 FETCH (UID 1 BODY[] {00%d}\r\n%s)\r\n",
    "items after": b"* 1 FETCH (BODY[] {%d}\r\n%s FLAGS (\\Seen) UID 1)\r\n",
    "RFC822": b"* 1 FETCH (UID 1 RFC822 {%d}\r\n%s)\r\n",
    "lower case": b"* 1 fetch (uid 1 body[] {%d}\r\n%s)\r\n",
    "origin": b"* 1 FETCH (UID 1 BODY[]<0> {%d}\r\n%s)\r\n",
    "uidfetch": b"* 1 UIDFETCH (BODY[] {%d}\r\n%s)\r\n",
    "bad date": b'* 1 FETCH (INTERNALDATE "00-Jan-0000" UID 1 BODY[] {%d}\r\n'
                b"%s)\r\n",
    "odd items": b'* 1 FETCH (MODSEQ (-1) X "a\\"b" Y ((NIL) {3}\r\n)( ) '
                 b"UID 1 BODY[] {%d}\r\n%s)\r\n",
    "8 bit": b'* 1 FETCH (X-K\xc3\xa4 "\xff\xfe" UID 1 BODY[] {%d}\r\n%s)\r\n',
    "NUL padded": b"* OK \0\0\0\r\n* 1 FETCH (UID 1 BODY[] {%d}\r\n%s)\r\n",
}


def test_literals(imaps, output):
    for name, imap in imaps(LITERALS).items():
        imap.on("UID FETCH", [LITERALS[name] % (len(BODY), BODY),
                              "S: $ OK done"])
    bridge = imaps.bridge()
    bridge.start()
    expect_each(imaps, bridge, output)
    for name, imap in imaps.items():
        assert len(imap.said("UID FETCH")) == 1, name


def test_quoted_body(imap, fake_bridge, output):
    imap.box.add(b"Subject: short")
    imap.on("UID FETCH", """
        S: * 1 FETCH (UID 1 BODY[] "Subject: short")
        S: $ OK done
    """)
    bridge = fake_bridge()
    bridge.start()
    expect(imap, bridge, output)


SIZES = ["99999999999999999999", "9223372036854775808",
         "18446744073709551616", "-5"]


@pytest.mark.parametrize("size", SIZES)
def test_impossible_literals(imap, fake_bridge, output, size):
    """No octet after them is believed; the next connection does better."""
    for each in mails(2):
        imap.box.add(each)
    imap.on("UID FETCH", f"""
        S: * 1 FETCH (UID 1 BODY[] {{{size}}}
        S: * 1 FETCH (UID 1 BODY[] "forged")
        S: $ OK done
        -- hole
    """, connection=1)
    bridge = fake_bridge(command_seconds=5)
    bridge.start()
    expect(imap, bridge, output)


UNTAGGED = """
    S: * 0 FETCH (FLAGS ())
    S: * 1 FETCH (FLAGS (\\Seen) MODSEQ (-1))
    S: * 3 EXPUNGE
    S: * VANISHED (EARLIER) 1:5
    S: * 4294967296 EXISTS
    S: * EXISTS
    S: * FLAGS (\\Seen "quoted)
    S: * [COPYUID 1 2 3] no condition
    S: * OK
    S: * OK [HIGHESTMODSEQ 4]
    S: * OK [CLOSED] the other one
    S: * NO [OVERQUOTA] full
    S: * BAD what
    S: * OK [REFERRAL imap://evil.example/] elsewhere
    S: *
    S: +
    S: + go on
    S: x1 OK not ours
    S: * LIST (\\Noselect) "/" {3}
    S: a"b
    S: * STATUS INBOX (UIDNEXT 1 )
    S: rubbish
    S: )
""" + "    S: * X " + "(" * 3000 + "\n"


def test_untagged_rubbish(imaps, output):
    for command, imap in imaps([
            "ID", "EXAMINE", "UID SEARCH", "UID FETCH", "IDLE"], 2).items():
        imap.on(command, UNTAGGED + "-- model")
    bridge = imaps.bridge(idle_seconds=1)
    bridge.start()
    expect_each(imaps, bridge, output)
    for imap in imaps.values():
        imap.wait_said("IDLE", 2)
        imap.deliver(mail(3))
    expect_each(imaps, bridge, output)
    assert [imap.connections for imap in imaps.values()] == [1] * len(imaps)


def test_dies_in_a_literal(imap, fake_bridge, output):
    """At each KiB; what was whole is not asked for again."""
    for number in range(1, 9):
        imap.box.add(mail(number, size=1000))
    imap.faults = lambda number: (
        {600 + 1024 * number: "-- close"} if number <= 8 else {})
    bridge = fake_bridge()
    bridge.start()
    expect(imap, bridge, output, 60)


def test_one_mail_that_kills_the_connection(imap, fake_bridge, output):
    """The others come out all the same."""
    for each in mails(6):
        imap.box.add(each)

    async def crash(connection) -> None:
        for uid in imap.box.resolve(connection.command.split()[2]):
            if uid == 3:
                await connection.send(imap.fetch_reply(uid)[:150])
                await connection.reset()
            await connection.send(imap.fetch_reply(uid))
        await connection.say("$ OK done")

    imap.on("UID FETCH", [crash], times=1000)
    bridge = fake_bridge()
    bridge.start()
    bridge.wait(lambda: output.count() == 5, what="the five others")
    assert uids(output) == [1, 2, 4, 5, 6]
    bridge.terminate()
    assert bridge.checkpoint("fake") == 2


@pytest.mark.parametrize("step", [
    7, pytest.param(2, marks=pytest.mark.long)])
def test_cut_anywhere(imap, fake_account, new_bridge, output, step):
    """An account for every seventh octet of a whole dialogue: its connection
    ends there; the next one lasts."""
    imap.box.add(mail(1))
    imap.box.add(mail(2))
    total = 1500
    accounts = [fake_account(f"a{number}") for number in range(total // step)]
    imap.faults = lambda number: (
        {(number - 1) * step: "-- close"} if number <= len(accounts) else {})
    bridge = new_bridge(accounts, output)
    bridge.start()
    bridge.wait(lambda: output.count() >= 2 * len(accounts), 90,
                "two mails of each")
    assert output.count() == 2 * len(accounts)
    assert all(event["size"] == len(mail(1)) for event in output.events())


async def pause(_) -> None:
    await asyncio.sleep(0.3)


BETWEEN = {"a pause": pause, "a line": b"* 9 EXISTS\r\n", "NUL": b"\0",
           "a literal": b"{3}\r\n", "a tag": b"m5 OK done\r\n",
           "a reset": "-- reset"}


@pytest.mark.long
@pytest.mark.parametrize("name", BETWEEN)
def test_between_any_octets(imap, fake_account, new_bridge, output, name):
    """An account for every 29th octet of a dialogue, before which something
    happens.  Whatever is made of it, each mail comes out in the end."""
    imap.box.add(mail(1))
    imap.box.add(mail(2))
    step = 29
    accounts = [fake_account(f"a{number}", command_seconds=5)
                for number in range(1500 // step)]
    imap.faults = lambda number: (
        {(number - 1) * step: BETWEEN[name]}
        if number <= len(accounts) else {})
    bridge = new_bridge(accounts, output)
    bridge.start()
    bridge.wait(lambda: output.count() >= 2 * len(accounts), 180,
                "two mails of each")
    assert output.count() == 2 * len(accounts)
