"""From the greeting to the opened mailbox."""

import re

import pytest

from mails import mail
from published import expect, expect_each, uids


LOGINS = [
    ("NO [AUTHENTICATIONFAILED] no", "auth"),
    ("NO [EXPIRED] old", "auth"),
    ("NO [AUTHORIZATIONFAILED] no", "auth"),
    ("NO wrong password", "auth"),
    ("NO [UNAVAILABLE] later", "retry"),
    ("NO [UNAVAILABLE] Maximum number of connections from user+IP exceeded",
     "retry"),
    ("NO [ALERT] Too many simultaneous connections. (Failure)", "retry"),
    ("NO [LIMIT] enough", "retry"),
    ("NO [INUSE] in use", "retry"),
    ("NO [SERVERBUG] oops", "retry"),
    ("NO [OVERQUOTA] Account exceeded command or bandwidth limits", "retry"),
    ("BAD Request is throttled. Suggested Backoff Time: 1500 milliseconds",
     "retry"),
]


def test_login_refused(imaps, output):
    """A busy server is no wrong password, and the other way round."""
    for answer, imap in imaps(answer for answer, _ in LOGINS).items():
        imap.on("AUTHENTICATE", f"S: $ {answer}")
    bridge = imaps.bridge()
    bridge.start()
    expect_each(imaps, bridge, output)
    for answer, kind in LOGINS:
        told = re.search(f"{imaps.account(answer)}/INBOX: .*refuses user or "
                         "password", bridge.printed())
        assert bool(told) == (kind == "auth"), (answer, bridge.printed())


def test_netease_wants_an_id(imap, fake_bridge, output):
    """NO SELECT Unsafe Login, unless ID came in exactly this form."""
    imap.box.add(mail(1))
    known = set()

    async def identify(connection) -> None:
        if re.fullmatch(r'ID \("name" "[ -~]+" "version" "[ -~]+"\)',
                        connection.command):
            known.add(connection.number)
        await connection.say("* ID NIL")
        await connection.say("$ OK done")

    async def examine(connection) -> None:
        if connection.number in known:
            await connection.answer()
        else:
            await connection.say("$ NO EXAMINE Unsafe Login. Please contact")

    imap.on("ID", [identify])
    imap.on("EXAMINE", [examine])
    bridge = fake_bridge()
    bridge.once()
    assert uids(output) == [1]


@pytest.mark.parametrize("at", [3, 20, 40])
def test_more_with_the_capabilities(imap, fake_bridge, output, at):
    """Lines that come in one packet with the last that libcurl reads, cut
    anywhere: the login does not stumble over the rest of one."""
    imap.box.add(mail(1))
    more = b"* OK [ALERT] going down\r\n* OK Still here\r\n"

    async def told(connection) -> None:
        connection.writer.write(
            f"* CAPABILITY {imap.capability}\r\n{connection.tag} OK done\r\n"
            .encode() + more[:at])
        await connection.writer.drain()
        imap.on("AUTHENTICATE", [more[at:], "-- model"])

    imap.on("CAPABILITY", [told])
    bridge = fake_bridge()
    bridge.once()
    assert uids(output) == [1]
    assert imap.connections == 1


@pytest.mark.parametrize("answer", ["NO no", "BAD what"])
def test_id_refused(imap, fake_bridge, output, answer):
    imap.box.add(mail(1))
    imap.on("ID", f"S: $ {answer}")
    bridge = fake_bridge()
    bridge.once()
    assert uids(output) == [1]


def test_preauth_is_refused(imap, fake_bridge, output):
    imap.box.add(mail(1))
    imap.greeting = "S: * PREAUTH welcome"
    bridge = fake_bridge()
    bridge.start()
    bridge.wait_log("PREAUTH|pre-auth", 15)
    assert not imap.said("EXAMINE")
    assert output.count() == 0


@pytest.mark.parametrize("greeting", [
    "S: * BYE too busy", "S: * BYE [ALERT] Too many connections",
    "S: * NO go away"])
def test_no_greeting(imap, fake_bridge, output, greeting):
    imap.box.add(mail(1))
    imap.greeting = greeting
    bridge = fake_bridge()
    bridge.start()
    bridge.wait(lambda: imap.connections >= 2, what="another try")
    assert not imap.said("AUTHENTICATE")
    imap.greeting = "S: * OK ready"
    expect(imap, bridge, output)
    assert "refuses user or password" not in bridge.printed()


STARTTLS = {
    "not offered": ("IMAP4rev1 AUTH=PLAIN", None),
    "refused": ("IMAP4rev1 STARTTLS", "S: $ NO not today"),
    "injected": ("IMAP4rev1 STARTTLS", [
        lambda c: c.send((f"{c.tag} OK go\r\n* CAPABILITY IMAP4rev1 "
                          f"AUTH=PLAIN\r\n{c.tag} OK done\r\n").encode()),
        "-- hole"]),
}


def assert_goes_away(imap, bridge) -> None:
    bridge.start()
    bridge.wait(lambda: imap.connections >= 2, what="another try")
    assert not imap.said("AUTHENTICATE|LOGIN|EXAMINE")


@pytest.mark.parametrize("name", STARTTLS)
def test_starttls(imap, fake_bridge, name):
    """Nothing is said in the clear, and nothing from before TLS believed."""
    imap.capability, script = STARTTLS[name]
    if script is not None:
        imap.on("STARTTLS", script, times=9)
    assert_goes_away(imap, fake_bridge(tls="starttls", host="localhost"))


def test_preauth_with_starttls(imap, fake_bridge):
    imap.greeting = "S: * PREAUTH welcome"
    assert_goes_away(imap, fake_bridge(tls="starttls", host="localhost"))


def test_login_disabled(imap, fake_bridge):
    imap.capability = "IMAP4rev1 LOGINDISABLED"
    bridge = fake_bridge()
    bridge.start()
    bridge.wait_log("LOGINDISABLED")
    assert not imap.said("LOGIN|AUTHENTICATE")


def test_capabilities_change_with_the_login(imap, fake_bridge, output):
    imap.on("CAPABILITY", """
        S: * CAPABILITY IMAP4rev1 AUTH=PLAIN
        S: $ OK done
    """)
    imap.on("AUTHENTICATE", [
        "S: + ", lambda c: c.line(), "S: $ OK welcome"])
    bridge = fake_bridge()
    bridge.start()
    imap.wait_said("IDLE")
    assert imap.said("ID ")
