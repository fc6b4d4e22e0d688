"""Mails that kill the converter: with a supervisor that starts the daemon
again, the mail ends in the dead letter and the others are published."""

import json
import signal

from bridge import account
from faults import Faults
from mails import mails

EX_SOFTWARE = 70
BAD = 3  # of five


def fill(dovecot, user: str, what: str) -> bytes:
    """Five mails, the third of which does that; its octets."""
    texts = [bytes(mail) for mail in mails(5)]
    texts[BAD - 1] = b"X-Converter: " + what.encode() + b"\r\n" + texts[BAD - 1]
    dovecot.append(user, texts)
    return texts[BAD - 1]


def supervise(bridge) -> list:
    """Start it again until all is done; how it ended before that."""
    ends = []
    while True:
        code = bridge.start("--once").wait_exit(60)
        if code == 0:
            return ends
        ends.append(code)
        assert len(ends) < 10, bridge.tail()


def letter(bridge, user: str) -> tuple:
    folder = bridge.folder / "state/dead-letter" / user / "INBOX"
    (raw,), (about,) = folder.glob("*.eml"), folder.glob("*.json")
    return raw.read_bytes(), json.loads(about.read_text())


def check(bridge, dovecot, user, output, mail: bytes, reason: str) -> None:
    assert sorted(event["uid"] for event in output.events()) == [1, 2, 4, 5]
    raw, about = letter(bridge, user)
    assert raw == mail
    wanted = {"account": user, "mailbox": "INBOX", "uid": BAD,
              "uidValidity": dovecot.uidvalidity(user), "size": len(mail),
              "reason": reason}
    assert {key: about[key] for key in wanted} == wanted
    assert bridge.checkpoint(user) == 5


def test_crash(new_bridge, dovecot, user, output, tmp_path):
    mail = fill(dovecot, user, "crash")
    bridge = new_bridge([account(dovecot, user)], output)
    bridge.faults = Faults(tmp_path / "calls.txt", calls=("none",))
    assert supervise(bridge) == [-signal.SIGSEGV] * 3
    check(bridge, dovecot, user, output, mail, "conversion crashed 3 times")
    # Counted for good: were its mark lost, it would not be tried again.
    bridge.command("checkpoint", "set", "--account", user, "--mailbox",
                   "INBOX", "--uid", "2")
    bridge.once()


def test_loop(new_bridge, dovecot, user, output, tmp_path):
    mail = fill(dovecot, user, "loop")
    bridge = new_bridge([account(dovecot, user)], output)
    bridge.faults = Faults(tmp_path / "calls.txt", calls=("none",))
    assert supervise(bridge) == [EX_SOFTWARE]
    assert "more than 10 s of processor time" in bridge.printed()
    check(bridge, dovecot, user, output, mail,
          "conversion took longer than its time")


def test_killed_beside_it(new_bridge, dovecot, user, output, tmp_path):
    """A kill in the middle of a conversion is not the message's doing."""
    fill(dovecot, user, "sleep")
    bridge = new_bridge([account(dovecot, user)], output)
    bridge.faults = Faults(tmp_path / "calls.txt", calls=("none",))
    notes = bridge.folder / "state/converting"
    name = f"{user}/INBOX/{dovecot.uidvalidity(user)}-{BAD:010}".encode()
    bridge.start()
    bridge.wait(lambda: notes.exists() and name in notes.read_bytes(), 30,
                "the mail to be converted")
    bridge.kill()
    bridge.faults = None
    bridge.once()
    assert "1 of 3 times" in bridge.printed()
    assert sorted({event["uid"] for event in output.events()}) == [
        1, 2, 3, 4, 5]
    assert bridge.checkpoint(user) == 5
    assert (bridge.folder / "state/suspects").read_text() == ""
