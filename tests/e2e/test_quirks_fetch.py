"""What a server brings in answer to a FETCH, or does not."""

import pytest

from mails import mail, mails
from published import expect, expect_each, uids


def reply(imap, order: list):
    async def send(connection) -> None:
        for uid in order:
            await connection.send(imap.fetch_reply(uid))
        await connection.say("$ OK done")

    return [send]


@pytest.mark.parametrize("order", [
    [3, 1, 2], [1, 1, 2, 2, 3], [9, 1, 2, 3], [2], [3, 9, 9, 1]], ids=str)
def test_order_duplicates_and_unasked(imap, fake_bridge, output, order):
    for each in mails(3):
        imap.box.add(each)
    imap.box.add(mail(9), 9)
    imap.box.hidden = {9}
    imap.on("UID FETCH", reply(imap, order))
    bridge = fake_bridge()
    bridge.start()
    bridge.wait(lambda: output.count() == 3, what="three mails")
    imap.wait_said("IDLE")
    assert uids(output) == [1, 2, 3]
    assert bridge.terminate() == 0
    assert bridge.checkpoint("fake") == 3


FETCHES = {
    "OK alone": "S: $ OK done",
    "NIL": "S: * 2 FETCH (UID 2 BODY[] NIL)\nS: $ OK done",
    "empty literal": "S: * 2 FETCH (UID 2 BODY[] {0}\nS: )\nS: $ OK done",
    "empty string": 'S: * 2 FETCH (UID 2 BODY[] "")\nS: $ OK done',
    "no body": "S: * 2 FETCH (UID 2 FLAGS (\\Seen))\nS: $ OK done",
    "no value": "S: * 2 FETCH (UID 2 BODY[] )\nS: $ OK done",
    "nothing": "S: * 2 FETCH ()\nS: $ OK done",
    "NO": "S: $ NO -  fetch error",
    "expunge issued": "S: $ NO [EXPUNGEISSUED] some are gone",
    "server bug": "S: $ NO [SERVERBUG] oops",
}


def test_fetch_without_data(imaps, output):
    """What is listed and did not come is asked for again."""
    for name, imap in imaps(FETCHES, 3).items():
        imap.on("UID FETCH", FETCHES[name])
    bridge = imaps.bridge()
    bridge.start()
    expect_each(imaps, bridge, output)
    bridge.terminate()
    for name, imap in imaps.items():
        assert imap.connections == 1, name
        assert bridge.checkpoint(imaps.account(name)) == 3


def test_messages_without_their_uid(imap, fake_bridge, output):
    """Xeams ends the list after the message and sends the rest behind it."""
    for each in mails(3):
        imap.box.add(each)

    async def unframed(connection) -> None:
        for uid in imap.box.resolve(connection.command.split()[2]):
            octets = imap.box.mails[uid]
            await connection.send(
                b"* %d FETCH (BODY[] {%d}\r\n%s)\r\n UID %d FLAGS ())\r\n"
                % (uid, len(octets), octets, uid))
        await connection.say("$ OK done")

    imap.on("UID FETCH", [unframed], times=100)
    bridge = fake_bridge()
    bridge.start()
    expect(imap, bridge, output)


def test_expunged_between_search_and_fetch(imap, fake_bridge, output):
    for each in mails(3):
        imap.box.add(each)

    def expunge(_) -> None:
        imap.box.mails.pop(2, None)

    imap.on("UID FETCH", [expunge, "-- model"])
    bridge = fake_bridge()
    bridge.start()
    expect(imap, bridge, output)
    imap.wait_said("IDLE")
    bridge.terminate()
    assert bridge.checkpoint("fake") == 3


PLACEHOLDER = (
    b"MIME-Version: 1.0\r\n"
    b'Content-Type: text/plain; charset="us-ascii"\r\n'
    b"From: Microsoft Exchange Server 2010\r\n"
    b"To: Bob <bob@example.org>\r\n"
    b"Subject: Retrieval using the IMAP4 protocol failed for the following\r\n"
    b" message: 2\r\n"
    b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
    b"The server couldn't retrieve the following message:\r\n\r\n"
    b'Subject: "Invoice"\r\n\r\n'
    b"The message hasn't been deleted. You might be able to view it using eit="
    b"\r\nher Outlook or Outlook Web App.\r\n")


def test_exchange_placeholder(imap, fake_bridge, output):
    """The mail itself is asked for again, and only it is published."""
    for each in mails(3):
        imap.box.add(each)
    imap.on("UID FETCH", [
        lambda c: c.send(imap.fetch_reply(1)),
        lambda c: c.send(imap.fetch_reply(2, body=PLACEHOLDER)),
        lambda c: c.send(imap.fetch_reply(3)), "S: $ OK done"])
    bridge = fake_bridge()
    bridge.start()
    expect(imap, bridge, output)
    bridge.wait_log("placeholder")


@pytest.mark.parametrize("change", [
    (b"From: Microsoft Exchange Server 2010", b"From: Ann <a@example.org>"),
    (b"Subject: Retrieval", b"Subject: Re: Retrieval"),
    (b"couldn't retrieve", b"could retrieve"),
    (b"message: 2", b"letter: 2")], ids=str)
def test_like_a_placeholder(imap, fake_bridge, output, change):
    imap.box.add(PLACEHOLDER.replace(*change))
    bridge = fake_bridge()
    bridge.start()
    expect(imap, bridge, output)
    assert len(imap.said("UID FETCH")) == 1


@pytest.mark.parametrize("told", [1, 99, 19189, 1 << 40])
def test_size_lies(imap, fake_bridge, output, told):
    """The literal's count is the truth."""
    imap.box.add(mail(1, size=5000))
    honest = imap.fetch_reply
    imap.fetch_reply = lambda *args, **more: honest(*args, **more).replace(
        b"FLAGS", b"RFC822.SIZE %d FLAGS" % told)
    bridge = fake_bridge()
    bridge.start()
    expect(imap, bridge, output)
