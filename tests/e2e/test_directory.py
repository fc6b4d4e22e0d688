"""One mail's way: IMAP, IDLE, a file."""

import base64
import hashlib
import re

from bridge import account
from mails import mail, mails
from servers.process import wait_until


def test_mail_during_idle_becomes_a_file(bridge, dovecot, user, output):
    dovecot.create(user, "INBOX")
    bridge.start()
    bridge.wait_state(("idle",))
    raw = mail(1, subject="Order 4711")
    dovecot.deliver(user, raw)
    bridge.wait(lambda: output.count() == 1, what="the file")
    [event] = output.events()
    validity = dovecot.uidvalidity(user)
    [path] = output.files()
    assert path.name == f"{validity}-0000000001.json"
    assert event["id"] == f"{validity}-1"
    assert (event["account"], event["mailbox"]) == (user, "INBOX")
    assert (event["uidValidity"], event["uid"]) == (validity, 1)
    assert event["subject"] == "Order 4711"
    assert event["messageId"] == ["1@tests.example.org"]
    assert event["from"] == [{"name": "Ann", "email": "ann@example.org"}]
    assert event["body"] == {"text": "Body of mail 1.\n", "html": None}
    assert bridge.terminate() == 0


def test_event_describes_the_very_bytes_of_the_server(bridge, dovecot, user,
                                                      output):
    dovecot.append(user, [mail(1, size=5000)], date=1767225600)
    bridge.once()
    [event] = output.events()
    imap = dovecot.login(user)
    imap.select("INBOX", readonly=True)
    raw = imap.fetch("1", "(BODY.PEEK[])")[1][0][1]
    imap.logout()
    assert event["size"] == len(raw)
    assert event["blobId"] == "sha256-" + hashlib.sha256(raw).hexdigest()
    assert event["receivedAt"] == "2026-01-01T00:00:00Z"


def test_mailbox_is_not_touched(bridge, dovecot, user, output):
    dovecot.append(user, mails(3))
    before = dovecot.fetch(user)
    bridge.once()
    assert output.count() == 3
    assert dovecot.fetch(user) == before
    assert "\\Recent" in before[0]["flags"]


def test_flags_and_keywords(bridge, dovecot, user, output):
    dovecot.append(user, mails(1), flags="(\\Seen \\Flagged $Todo)")
    bridge.once()
    [event] = output.events()
    assert {"\\Seen", "\\Flagged", "$Todo"} <= set(event["flags"])
    assert event["keywords"] == {"$seen": True, "$flagged": True,
                                 "$todo": True}


def test_mailbox_names(new_bridge, dovecot, user, output):
    names = ["Orders/2026", "Grüße & mehr", "日本語", "a b",
             "R+D ~ {old}!", "50% off"]
    dovecot.create(user, *names)
    for number, name in enumerate(names, 1):
        dovecot.append(user, [mail(number)], name)
    bridge = new_bridge([account(dovecot, user, mailboxes=names)], output)
    bridge.once()
    found = {event["mailbox"]: event["subject"] for event in output.events()}
    assert found == {name: f"mail {number}"
                     for number, name in enumerate(names, 1)}
    for path in output.files():
        assert re.fullmatch(r"[A-Za-z0-9._%-]+", path.parent.name)


def test_several_mailboxes_while_idle(new_bridge, dovecot, user, output):
    names = ["INBOX", "Orders", "Orders/2026"]
    dovecot.create(user, *names)
    bridge = new_bridge([account(dovecot, user, mailboxes=names)], output)
    bridge.start()
    bridge.wait_state(("idle",))
    for number, name in enumerate(names, 1):
        dovecot.append(user, [mail(number)], name)
    bridge.wait(lambda: output.count() == 3, what="three files")
    assert {event["mailbox"] for event in output.events()} == set(names)


def test_attachment(bridge, dovecot, user, output):
    content = bytes(range(256)) * 20
    text = base64.encodebytes(content).replace(b"\n", b"\r\n")
    dovecot.append(user, [
        b"Subject: =?utf-8?Q?Rechnung_f=C3=BCr_Mai?=\r\n"
        b"MIME-Version: 1.0\r\n"
        b"Content-Type: multipart/mixed; boundary=b1\r\n\r\n"
        b"--b1\r\nContent-Type: text/html\r\n\r\n<p>Hello</p>\r\n"
        b"--b1\r\nContent-Type: application/pdf; name=\"r.pdf\"\r\n"
        b"Content-Disposition: attachment; filename=\"r.pdf\"\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n" + text +
        b"--b1--\r\n"])
    bridge.once()
    [event] = output.events()
    assert event["subject"] == "Rechnung für Mai"
    assert event["hasAttachment"] is True
    assert event["body"]["text"] is None
    assert event["body"]["html"].strip() == "<p>Hello</p>"
    [part] = event["attachments"]
    assert (part["name"], part["type"]) == ("r.pdf", "application/pdf")
    assert base64.b64decode(part["content"]) == content
    assert part["size"] == len(content)
    digest = hashlib.sha256(content).hexdigest()
    assert part["blobId"] == f"sha256-{digest}"


def test_broken_mails_do_not_stop_the_others(bridge, dovecot, user, output):
    odd = [b"\r\n", b"no header at all\r\n", b"Subject: \xff\xfe\r\n\r\n\x80",
           b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n",
           b"Subject: =?utf-8?B?!!!?=\r\nFrom: <<<>\r\n\r\n",
           b"Content-Type: text/plain; charset=nonsense\r\n\r\n\xe4\r\n"]
    dovecot.append(user, odd + [mail(99)])
    bridge.once()
    subjects = [event["subject"] for event in output.events()]
    assert len(subjects) == len(odd) + 1
    assert subjects[-1] == "mail 99"


def test_a_burst_while_idle(bridge, dovecot, user, output):
    dovecot.create(user, "INBOX")
    bridge.start()
    bridge.wait_state(("idle",))
    dovecot.deliver(user, *mails(200))
    bridge.wait(lambda: output.count() == 200, what="200 files")
    assert [event["uid"] for event in output.events()] == list(range(1, 201))


def test_no_half_written_file_is_ever_visible(bridge, dovecot, user, output):
    dovecot.append(user, mails(100, size=200_000))
    bridge.start()

    def whole_and_all() -> bool:
        return len(output.events()) == 100  # parses every visible file

    wait_until(whole_and_all, 60, "100 files")
