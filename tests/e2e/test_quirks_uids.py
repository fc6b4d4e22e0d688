"""Which mails there are, and what a server may say about it."""

import pytest

from mails import mail, mails
from published import expect, expect_each, published, uids


# UIDVALIDITY and UIDNEXT

def test_uidvalidity_changed_between_sessions(imap, fake_bridge, output):
    imap.box.mails.update(enumerate(mails(2), 1))
    imap.box.uidnext = 3
    bridge = fake_bridge()
    bridge.once()
    imap.box.uidvalidity = 2
    imap.box.mails = {1: mail(7), 2: mail(8)}
    bridge.once()
    assert published(output) == [
        (1, 1, "mail 1"), (1, 2, "mail 2"),
        (2, 1, "mail 7"), (2, 2, "mail 8")]


def test_uidvalidity_changed_inside_a_session(imap, fake_bridge, output):
    imap.box.add(mail(1))

    async def renumber(connection) -> None:
        await connection.say("+ idling")
        imap.box.uidvalidity = 9
        imap.box.mails = {1: mail(5)}
        await connection.say("* OK [UIDVALIDITY 9] anew")

    imap.on("IDLE", [renumber, "-- hole"])
    bridge = fake_bridge()
    bridge.start()
    bridge.wait(lambda: output.count() == 2, what="the other mail")
    assert published(output) == [(1, 1, "mail 1"), (9, 1, "mail 5")]


def test_uidnext_went_backwards(imap, fake_bridge, output):
    """Restored from a backup: no UIDVALIDITY tells of it."""
    imap.box.mails = {98: mail(98), 499: mail(499)}
    imap.box.uidnext = 500
    bridge = fake_bridge()
    bridge.once()
    imap.box.mails = {98: mail(98), 100: mail(100)}
    imap.box.uidnext = 101
    bridge.once()
    assert uids(output) == [98, 100, 499]
    assert "UIDNEXT went back to 101, below UID 499" in bridge.printed()
    imap.box.add(mail(101))
    bridge.once()
    assert uids(output) == [98, 100, 101, 499]


def test_uidnext_that_is_always_wrong(imap, fake_bridge, output):
    """It lists UIDs above its UIDNEXT: nothing was restored, and OK alone does
    not say so either."""
    imap.box.mails = {5: mail(5), 6: mail(6)}
    imap.box.uidnext = 3
    bridge = fake_bridge(on_reset="all")
    bridge.once()
    for path in output.files():
        path.unlink()
    imap.box.mails[7] = mail(7)
    imap.on("UID SEARCH", "S: $ OK done", times=2)
    bridge.once()
    assert uids(output) == [7]
    assert not output.resets()


@pytest.mark.parametrize("line", [
    "* OK [UIDVALIDITY 0] none", "* OK no", "* OK [UIDVALIDITY NIL] none",
    "* OK [UIDVALIDITY -3] none",
    "* OK [UIDVALIDITY 1] it\nS: * NO [UIDNOTSTICKY] UIDs do not last"])
def test_no_uidvalidity(imap, fake_bridge, output, line):
    imap.box.add(mail(1))
    imap.on("EXAMINE", f"""
        S: * 1 EXISTS
        S: {line}
        S: $ OK done
    """)
    bridge = fake_bridge()
    bridge.start()
    bridge.wait_log("UIDVALIDITY|persistent")
    expect(imap, bridge, output)


def test_wide_uidvalidity(imap, fake_bridge, output):
    """And the same mail twice: two of the mailbox, two events."""
    imap.box.uidvalidity = 1528896777421
    imap.box.add(mail(1))
    imap.box.add(mail(1))
    bridge = fake_bridge()
    bridge.once()
    bridge.once()
    assert published(output) == [
        (1528896777421, 1, "mail 1"), (1528896777421, 2, "mail 1")]


# SEARCH

def test_the_last_one_is_always_listed(imap, fake_bridge, output):
    imap.box.add(mail(1))
    bridge = fake_bridge(idle_seconds=1)
    bridge.start()
    imap.wait_said("UID SEARCH", 4)
    assert len(imap.said("UID FETCH")) == 1
    assert uids(output) == [1]


SEARCHES = {
    "trailing space": "S: * SEARCH 1 2 3 ",
    "several lines": "S: * SEARCH 1 2\nS: * SEARCH 3",
    "repeated": "S: * SEARCH 3 1 1 2 3",
    "lower case": "S: * search 1 2 3",
    "between others": "S: * 3 EXISTS\nS: * SEARCH 2 3 1\nS: * 3 RECENT",
    "esearch": 'S: * ESEARCH (TAG "$") UID ALL 1:3',
    "esearch with more": 'S: * ESEARCH (TAG "$") UID MIN 1 COUNT 3 ALL 1,2:3',
    "modseq": "S: * SEARCH 1 2 3 (MODSEQ 917162500)",
}


def test_forms_of_search(imaps, output):
    for name, imap in imaps(SEARCHES, 3).items():
        imap.on("UID SEARCH", SEARCHES[name] + "\nS: $ OK done")
    bridge = imaps.bridge()
    bridge.start()
    expect_each(imaps, bridge, output)
    for imap in imaps.values():
        imap.wait_said("IDLE")
    bridge.terminate()
    for name in imaps:
        assert bridge.checkpoint(imaps.account(name)) == 3


@pytest.mark.parametrize("answer", ["NO no messages", "BAD invalid set"])
def test_search_in_an_empty_mailbox(imap, fake_bridge, output, answer):
    imap.on("UID SEARCH", f"S: $ {answer}")
    bridge = fake_bridge()
    bridge.start()
    imap.wait_said("IDLE")
    imap.deliver(mail(1))
    expect(imap, bridge, output)
    assert imap.connections == 1


def test_search_without_answer_proves_nothing(imap, fake_bridge, output):
    """OK alone does not say that what was asked for in vain is gone."""
    for each in mails(2):
        imap.box.add(each)
    imap.on("UID FETCH", "S: $ OK done", times=2)
    imap.on("UID SEARCH", "-- model")
    imap.on("UID SEARCH", "S: $ OK done", times=2)
    bridge = fake_bridge(idle_seconds=1)
    bridge.start()
    expect(imap, bridge, output, 60)


def test_a_late_lower_uid(imap, fake_bridge, output):
    for each in mails(3):
        imap.box.add(each)
    imap.box.hidden = {2}
    bridge = fake_bridge(idle_seconds=1, sweep_seconds=1)
    bridge.start()
    bridge.wait(lambda: output.count() == 2, what="two mails")
    imap.wait_said("IDLE")
    imap.box.hidden = set()
    expect(imap, bridge, output)
    imap.wait_said("EXAMINE", len(imap.said("EXAMINE")) + 2)
    assert len(imap.said("UID FETCH")) == 2


def test_a_mailbox_that_stays_as_it_was_opened(imap, fake_bridge, output):
    """Only a fresh EXAMINE shows what is new."""
    imap.capability = "IMAP4rev1 AUTH=PLAIN"
    imap.box.add(mail(1))
    bridge = fake_bridge(poll_seconds=1, sweep_seconds=2)
    bridge.start()
    bridge.wait(lambda: output.count() == 1, what="one mail")
    imap.deliver(mail(2))
    imap.box.hidden = {2}
    imap.on("EXAMINE", [lambda _: imap.box.hidden.clear(), "-- model"])
    expect(imap, bridge, output)
    assert imap.connections == 1


def test_message_limit(imap, fake_bridge, output):
    """RFC 9738: the highest come first, and the code says where it ended."""
    imap.capability += " MESSAGELIMIT=100"
    for each in mails(450):
        imap.box.add(each)

    async def some(connection) -> None:
        top = max(int(end) for end in
                  connection.command.split(":")[1:]) if \
            "*" not in connection.command else 450
        low = int(connection.command.split()[3].split(":")[0])
        told = range(max(low, top - 99), top + 1)
        await connection.say("* SEARCH " + " ".join(map(str, told)))
        code = f"[MESSAGELIMIT 100 {told[0]}] " if told[0] > low else ""
        await connection.say(f"$ OK {code}done")

    async def few(connection) -> None:
        text = connection.command.split()[2]
        wanted = imap.box.resolve(text)
        for uid in wanted[-100:]:
            await connection.send(imap.fetch_reply(uid))
        code = (f"[MESSAGELIMIT 100 {wanted[-100]}] "
                if len(wanted) > 100 else "")
        await connection.say(f"$ OK {code}done")

    imap.on("UID SEARCH", [some], times=100)
    imap.on("UID FETCH", [few], times=100)
    bridge = fake_bridge()
    bridge.once()
    assert uids(output) == list(range(1, 451))
    assert bridge.checkpoint("fake") == 450


@pytest.mark.parametrize("esearch", [True, False])
def test_megabytes_of_search(imap, fake_bridge, output, esearch):
    """A server that lists all there is, whatever it is asked for."""
    if esearch:
        imap.capability += " ESEARCH"
    old = range(1, 1_000_000, 2)
    imap.box.mails = dict.fromkeys(range(1, 2000, 2), b"")
    imap.box.uidnext = 1_000_001
    bridge = fake_bridge(start="now")
    bridge.once()
    imap.box.add(mail(1))
    if esearch:
        text = '* ESEARCH (TAG "$") UID ALL ' + ",".join(map(str, old))
    else:
        text = "* SEARCH " + " ".join(map(str, old))
    mark = "," if esearch else " "
    imap.on("UID SEARCH", [f"S: {text}{mark}1000001", "S: $ OK done"], 99)
    bridge.once()
    assert uids(output) == [1_000_001]
    assert bool(imap.said("UID SEARCH RETURN")) == esearch
