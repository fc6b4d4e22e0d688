"""Time and temper: when new mail is told, silence, refusals and farewells."""

import asyncio
import time

import pytest

from mails import mail, mails
from published import expect, expect_each


async def arrive(connection) -> None:
    """A mail of which no more is said than an EXISTS, here."""
    box = connection.server.box
    box.add(mail(len(box.mails) + 1))
    await connection.say(f"* {len(box.mails)} EXISTS")


async def arrive_silently(connection) -> None:
    box = connection.server.box
    box.add(mail(len(box.mails) + 1))


POSITIONS = {
    "in EXAMINE": ("EXAMINE", ["-- model", arrive_silently]),
    "before the SEARCH's answer": ("UID SEARCH", [arrive, "-- model"]),
    "after the SEARCH": ("UID SEARCH", ["-- model", arrive]),
    "in SEARCH": ("UID SEARCH", ["S: * SEARCH 1", arrive, "S: $ OK done"]),
    "before FETCH": ("UID FETCH", [arrive, "-- model"]),
    "in FETCH": ("UID FETCH", [
        lambda c: c.send(c.server.fetch_reply(1)), arrive, "S: $ OK done"]),
    "after FETCH": ("UID FETCH", ["-- model", arrive]),
    "before +": ("IDLE", [arrive, "-- model"]),
    "with +": ("IDLE", ["S: + idling", arrive, lambda c: c.line(),
                        "S: $ OK done"]),
    "after DONE": ("IDLE", ["S: + idling", lambda c: c.line(), arrive,
                            "S: $ OK done"]),
    "after DONE's OK": ("IDLE", ["S: + idling", lambda c: c.line(),
                                 "S: $ OK done", arrive]),
    "never": ("IDLE", ["S: + idling", arrive_silently, lambda c: c.line(),
                       "S: $ OK done"]),
}


def untold(place: str) -> bool:
    return place in ("in EXAMINE", "never") or "DONE" in place


@pytest.mark.parametrize("late", [True, False])
def test_exists_at(imaps, output, late):
    """Wherever new mail is told, or not told, it comes out."""
    imaps(place for place in POSITIONS if untold(place) == late)
    for place, imap in imaps.items():
        imap.on(*POSITIONS[place])
    # Where it was told in time, nothing else may be needed to find it.
    bridge = imaps.bridge(idle_seconds=2 if late else 600)
    bridge.start()
    bridge.wait(lambda: output.count() == 2 * len(imaps),
                what="the second mails")
    expect_each(imaps, bridge, output)
    assert [imap.connections for imap in imaps.values()] == [1] * len(imaps)


def test_black_hole_in_idle(imap, fake_bridge, output):
    """No octet comes, no error either: found by the answer to DONE."""
    imap.on("IDLE", """
        S: + idling
        -- hole
    """)
    bridge = fake_bridge(idle_seconds=1, command_seconds=5)
    bridge.start()
    imap.wait_said("IDLE")
    imap.box.add(mail(1))
    bridge.wait(lambda: output.count() == 1, 15, "the mail")
    bridge.wait_log("IDLE: no answer from the server within 5 s")


def test_black_hole_in(imaps, output):
    for command, imap in imaps([
            "AUTHENTICATE", "ID", "EXAMINE", "UID SEARCH", "UID FETCH",
            "IDLE"]).items():
        imap.on(command, "-- hole")
    bridge = imaps.bridge(command_seconds=5)
    bridge.start()
    for command in imaps:
        bridge.wait_log(f"{imaps.account(command)}/INBOX: .*no answer from "
                        "the server within 5 s")
    expect_each(imaps, bridge, output)
    for imap in imaps.values():
        imap.wait_said("IDLE")
        assert imap.connections == 2


IDLES = {
    "BAD": "S: $ BAD what is that",
    "NO": "S: $ NO not now",
    "OK at once": "S: $ OK done",
    "ended by the server": "S: + idling\nS: $ OK enough",
}


def test_idle_that_is_none(imaps, output):
    """Then the mailbox is polled, and the server not run over."""
    for name, imap in imaps(IDLES).items():
        imap.on("IDLE", IDLES[name], times=1000)
    bridge = imaps.bridge(poll_seconds=1)
    bridge.start()
    for imap in imaps.values():
        imap.wait_said("NOOP", 2)
        imap.box.add(mail(2))
    expect_each(imaps, bridge, output)
    for imap in imaps.values():
        assert len(imap.said("IDLE")) == 1
        assert imap.connections == 1


def test_plus_said_twice(imap, fake_bridge, output):
    """DONE is sent once: the second would be a command of its own."""
    async def done(connection) -> None:
        assert await connection.line() == "DONE"

    imap.on("IDLE", ["S: + idling", "S: * 0 EXISTS", done, "S: + idling",
                     "S: $ OK done"])
    bridge = fake_bridge()
    bridge.start()
    imap.wait_said("IDLE", 2)
    assert not imap.said("$")
    imap.deliver(mail(1))
    expect(imap, bridge, output)
    assert not imap.said("$")


def test_still_here_is_no_life(imap, fake_bridge, output):
    """Lines that say nothing do not make an IDLE longer."""
    async def chatter(connection) -> None:
        line = asyncio.ensure_future(connection.line())
        while not line.done():
            await connection.say("* OK Still here")
            await asyncio.wait({line}, timeout=0.05)

    imap.on("IDLE", ["S: + idling", chatter, arrive_silently, "S: $ OK done"])
    bridge = fake_bridge(idle_seconds=1)
    bridge.start()
    bridge.wait(lambda: output.count() == 1, 15, "the mail")


THROTTLES = {
    "EXAMINE": "BAD", "UID SEARCH": "NO", "UID FETCH": "BAD",
    "IDLE": "BAD", "NOOP": "NO"}


def test_throttled(imaps, output):
    """The pause that is asked for is made, whatever is refused."""
    times = {command: [] for command in THROTTLES}

    def note(connection) -> None:
        for command, imap in imaps.items():
            if imap is connection.server:
                times[command].append(time.monotonic())

    for command, imap in imaps(THROTTLES).items():
        imap.on(command, [
            note,
            f"S: $ {THROTTLES[command]} Request is throttled. Suggested "
            "Backoff Time: 2500 milliseconds",
            "S: * BYE Connection closed. 14", "-- close"])
        imap.on("CAPABILITY", [note, "-- model"], times=9, connection=2)
    imaps["NOOP"].capability = "IMAP4rev1 AUTH=PLAIN"
    bridge = imaps.bridge(poll_seconds=1)
    bridge.start()
    for command in imaps:
        bridge.wait_log(rf"{imaps.account(command)}/INBOX: .*"
                        r"next try in 2\.5 s")
    expect_each(imaps, bridge, output)
    bridge.wait(lambda: min(map(len, times.values())) >= 2,
                what="the second connections")
    for command, found in times.items():
        assert found[1] - found[0] >= 2.4, command


def test_throttled_by_bye(imap, fake_bridge, output):
    imap.box.add(mail(1))
    imap.on("IDLE", """
        S: + idling
        S: * BYE Request is throttled. Suggested Backoff Time: 1200 milliseconds
        -- close
    """)
    bridge = fake_bridge()
    bridge.start()
    bridge.wait_log(r"next try in 1\.2 s")
    expect(imap, bridge, output)


def test_authenticated_but_not_connected(imap, fake_bridge, output):
    imap.box.add(mail(1))
    imap.on("EXAMINE", """
        S: $ BAD User is authenticated but not connected.
        S: * BYE Connection closed. 14
        -- close
    """)
    bridge = fake_bridge()
    bridge.start()
    bridge.wait_log("authenticated but not connected.*FullAccess")
    expect(imap, bridge, output)


def test_bye_in(imaps, output):
    for command, imap in imaps([
            "CAPABILITY", "AUTHENTICATE", "ID", "EXAMINE", "UID SEARCH",
            "UID FETCH", "IDLE"]).items():
        imap.on(command, """
            S: * BYE shutting down
            -- close
        """)
    bridge = imaps.bridge()
    bridge.start()
    expect_each(imaps, bridge, output)
    for imap in imaps.values():
        imap.wait_said("IDLE", 2 if imap is imaps["IDLE"] else 1)
        assert imap.connections == 2


def test_bye_without_close(imap, fake_bridge, output):
    imap.on("IDLE", """
        S: + idling
        S: * BYE one
        S: * BYE two
        -- hole
    """)
    bridge = fake_bridge()
    bridge.start()
    bridge.wait(lambda: imap.connections == 2, what="another connection")
    imap.wait_said("IDLE", 2)
    imap.deliver(mail(1))
    expect(imap, bridge, output)


@pytest.mark.parametrize("answer", [
    "NO [NONEXISTENT] no such mailbox", "NO [TRYCREATE] no such mailbox"])
def test_mailbox_deleted(imap, fake_bridge, output, answer):
    """The checkpoint stays."""
    imap.box.add(mail(1))
    bridge = fake_bridge()
    bridge.once()
    imap.on("EXAMINE", f"S: $ {answer}")
    imap.box.add(mail(2))
    bridge.start()
    bridge.wait_log("EXAMINE INBOX: NO")
    expect(imap, bridge, output)


def test_alert_reaches_a_human(imap, fake_bridge):
    imap.on("EXAMINE", """
        S: * OK [ALERT] Your \x1b[31mdisk\x1b[0m is full
        -- model
    """)
    bridge = fake_bridge()
    bridge.start()
    bridge.wait_log("the server says: Your .*disk.* is full")
    assert "\x1b" not in bridge.printed()


def test_many_mails_while_others_are_fetched(imap, fake_bridge, output):
    for each in mails(20):
        imap.box.add(each)
    imap.on("UID FETCH", [arrive, "-- model", arrive], times=20)
    bridge = fake_bridge()
    bridge.start()
    bridge.wait(lambda: output.count() >= 22 and imap.said("IDLE"),
                what="all of them")
    expect(imap, bridge, output)
