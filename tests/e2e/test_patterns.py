"""Mailboxes by patterns: found by LIST, new ones picked up, lost ones kept."""

import json

import pytest

from bridge import account
from mails import mail
from test_admin import Admin


def boxes(output) -> dict:
    """{mailbox: UIDs that came out}"""
    found: dict = {}
    for event in output.events():
        found.setdefault(event["mailbox"], []).append(event["uid"])
    return {name: sorted(uids) for name, uids in found.items()}


def watch(new_bridge, dovecot, user, output, *patterns, **changes):
    return new_bridge([account(dovecot, user, mailboxes=list(patterns),
                               poll_seconds=1, **changes)], output)


def test_what_matches(new_bridge, dovecot, user, output):
    """ "*" crosses the delimiter, "%" does not, \\Noselect is no mailbox."""
    dovecot.create(user, "Orders/2026/June", "Orders/Späti", "Other/x/y",
                   "Other/z", "Unwatched")
    for box in ("INBOX", "Orders/2026/June", "Orders/Späti", "Other/x/y",
                "Other/z", "Unwatched"):
        dovecot.append(user, [mail(1)], box)
    bridge = watch(new_bridge, dovecot, user, output, "inbox", "Orders/*",
                   "Other/%")
    check = bridge.command("check")
    assert check.returncode == 0, check.stderr
    assert "Orders/*: logged in; it matches 2 mailboxes" in check.stdout
    assert "Other/%: logged in; it matches 1 mailboxes" in check.stdout
    bridge.once()
    assert boxes(output) == {"INBOX": [1], "Orders/2026/June": [1],
                             "Orders/Späti": [1], "Other/z": [1]}


def check_told(bridge, admin, user) -> None:
    """The pattern and what it matches, in the metrics and in both statuses."""
    def matches() -> bool:
        found = admin.metrics()
        return (found["mailbridge_pattern_mailboxes", user, "Orders/*"] == 2
                and found["mailbridge_pattern_up", user, "Orders/*"] == 1
                and found["mailbridge_mailbox_up", user, "Orders/b"] == 1)

    bridge.wait(matches, what="the metrics of two mailboxes")
    assert admin.metrics()["mailbridge_mailboxes_without_series",] == 0

    def shown() -> list:
        rows = json.loads(admin.ask("/status")[2])["mailboxes"]
        return sorted((row["mailbox"], row["configured"], row["uid"],
                       row["state"]) for row in rows)

    assert [row[:3] for row in shown()] == [
        ("Orders/*", True, None), ("Orders/a", True, 1), ("Orders/b", True, 2)]
    bridge.wait(lambda: shown() == sorted(
        (row["mailbox"], row["configured"], row["uid"], row["state"])
        for row in bridge.status().values()), what="the same in both")
    assert "Orders/*" in admin.ask("/")[2]


def test_a_mailbox_that_appears(new_bridge, dovecot, user, output):
    """Nothing of it is left out, although the config says start: now."""
    dovecot.create(user, "Orders/a")
    dovecot.append(user, [mail(1)], "Orders/a")
    bridge = watch(new_bridge, dovecot, user, output, "Orders/*", start="now")
    admin = Admin(bridge)
    bridge.start()
    bridge.wait_state(count=2)
    dovecot.create(user, "Orders/b")
    dovecot.append(user, [mail(1), mail(2)], "Orders/b")
    bridge.wait(lambda: output.count() == 2, 30, "the new mailbox's mails")
    assert boxes(output) == {"Orders/b": [1, 2]}
    check_told(bridge, admin, user)
    assert bridge.terminate() == 0
    # And while nobody looked.
    dovecot.create(user, "Orders/c")
    dovecot.append(user, [mail(1)], "Orders/c")
    dovecot.append(user, [mail(2)], "Orders/a")
    bridge.once()
    assert boxes(output) == {"Orders/a": [2], "Orders/b": [1, 2],
                             "Orders/c": [1]}


def test_deleted_and_made_again(new_bridge, dovecot, user, output):
    """It is said once, no other mailbox suffers, and the mark is kept."""
    dovecot.create(user, "Orders/a", "Orders/b")
    dovecot.append(user, [mail(1)], "Orders/a")
    bridge = watch(new_bridge, dovecot, user, output, "Orders/*")
    bridge.start()
    bridge.wait(lambda: output.count() == 1, 30, "the first mail")
    bridge.wait_state(count=3)
    before = bridge.checkpoint(user, "Orders/a")
    dovecot.doveadm("mailbox", "rename", "-u", user, "Orders/a", "Away")
    dovecot.kick(user)
    bridge.wait_log("Orders/a: .*deleted or renamed: its checkpoint is kept")
    dovecot.append(user, [mail(1)], "Orders/b")
    bridge.wait(lambda: output.count() == 2, 30, "the other mailbox's mail")
    assert bridge.checkpoint(user, "Orders/a") == before == 1
    dovecot.append(user, [mail(2)], "Away")
    dovecot.doveadm("mailbox", "rename", "-u", user, "Away", "Orders/a")
    bridge.wait(lambda: output.count() == 3, 30, "the mail of the one back")
    assert boxes(output) == {"Orders/a": [1, 2], "Orders/b": [1]}
    assert bridge.printed().count("deleted or renamed") == 1


def test_nothing_matches(new_bridge, dovecot, user, output):
    bridge = watch(new_bridge, dovecot, user, output, "None/*")
    bridge.once()
    bridge.wait_log("no mailbox of the server matches")


LISTS = {
    "unquoted": ('S: * LIST () "." Orders.x', "Orders.x", '"Orders.x"'),
    "literal": ("S: * LIST () \".\" {8}\nS: Orders.x", "Orders.x",
                '"Orders.x"'),
    "no delimiter": ('S: * LIST () NIL "Orders"', "Orders", '"Orders"'),
    "mUTF-7": ('S: * LIST () "." "Orders.M&APw-ll"', "Orders.Müll",
               '"Orders.M&APw-ll"'),
    "bare &": ('S: * LIST () "." "Orders.R&D"', "Orders.R&D",
               '"Orders.R&D"'),
    "extended": ('S: * LIST (\\Subscribed) "." "Orders.x" ("CHILDINFO" '
                 '("SUBSCRIBED"))', "Orders.x", '"Orders.x"'),
    "inbox": ('S: * LIST () "." iNbOx', "INBOX", '"iNbOx"'),
}


@pytest.mark.parametrize("name", LISTS)
def test_list(imap, fake_bridge, output, name):
    """However the server writes it; it is opened by the very same name."""
    script, mailbox, wire = LISTS[name]
    imap.box.add(mail(1))
    imap.on('LIST "" ""', 'S: * LIST (\\Noselect) "." ""\nS: $ OK done', 100)
    imap.on('LIST "" "Orders/', f"""
        S: * LIST (\\NoSelect) "." No
        S: * LIST (\\NonExistent) "." Not
        S: * LIST () "." {{3}}
        S: \x01\x02\x03
        S: $ OK done""", 100)
    imap.on(r'LIST "" "Orders\.', f"{script}\nS: $ OK done", 100)
    bridge = fake_bridge(mailboxes=["Orders/*"])
    bridge.start()
    bridge.wait(lambda: output.count() == 1, 30, "the mail")
    assert boxes(output) == {mailbox: [1]}
    assert imap.said("EXAMINE") == [f"EXAMINE {wire}"]


def test_list_refused(imap, fake_bridge, output):
    """It proves nothing: who is watched goes on being watched."""
    imap.box.add(mail(1))
    imap.on('LIST "" ""', 'S: * LIST (\\Noselect) "/" ""\nS: $ OK done', 100)
    imap.on('LIST "" "O', 'S: * LIST () "/" Orders/x\nS: $ OK done')
    imap.on('LIST "" "O', "S: $ NO [UNAVAILABLE] not now", 2)
    imap.on('LIST "" "O', "S: $ OK nothing at all", 1000)
    bridge = fake_bridge(mailboxes=["Orders/*"], poll_seconds=1)
    bridge.start()
    bridge.wait(lambda: output.count() == 1, 30, "the mail")
    imap.wait_said('LIST "" "O', 5)
    imap.deliver(mail(2))
    bridge.wait(lambda: output.count() == 2, 30, "the second mail")
    bridge.wait_log("LIST Orders/.*: not now")


def test_too_many_mailboxes(imap, fake_bridge, output):
    """A server without measure: some are watched, memory stays."""
    async def flood(connection) -> None:
        for first in range(0, 12000, 1000):
            await connection.send(b"".join(
                b'* LIST () "/" Orders/%d\r\n' % number
                for number in range(first, first + 1000)))

    imap.on('LIST "" ""', 'S: * LIST (\\Noselect) "/" ""\nS: $ OK done', 9)
    imap.on('LIST "" "O', [flood, "S: $ OK done"], 9)
    bridge = fake_bridge(mailboxes=["Orders/*"], max_connections=2)
    bridge.start()
    bridge.wait_log("match more than 10000 mailboxes", 60)
    assert bridge.terminate() == 0


def test_utf8_names(imap, fake_bridge, output):
    """UTF8=ACCEPT (RFC 9755): enabled, and names go as they are."""
    imap.capability += " ENABLE UTF8=ACCEPT"
    imap.box.add(mail(1))
    imap.on("ENABLE UTF8=ACCEPT", """
        S: * ENABLED UTF8=ACCEPT
        S: $ OK done
    """)
    bridge = fake_bridge(mailboxes=["Grüße & Küsse"])
    bridge.start()
    bridge.wait(lambda: output.count() == 1, 30, "the mail")
    assert imap.said("EXAMINE") == [
        'EXAMINE "Grüße & Küsse"'.encode().decode("latin-1")]
