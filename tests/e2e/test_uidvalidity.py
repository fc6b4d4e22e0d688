"""UIDVALIDITY changed: the old UIDs mean nothing any more."""

import pytest

from bridge import EX_DATAERR, account
from mails import mail, mails


def by_validity(output) -> dict:
    found = {}
    for event in output.events():
        found.setdefault(event["uidValidity"], set()).add(event["subject"])
    return found


def change(dovecot, user: str) -> tuple:
    old = dovecot.uidvalidity(user)
    dovecot.set_uidvalidity(user, old + 1000)
    return old, old + 1000


def test_everything_is_read_again_under_the_new_one(new_bridge, dovecot, user,
                                                    output):
    dovecot.append(user, mails(3))
    bridge = new_bridge([account(dovecot, user, on_reset="all")], output)
    bridge.once()
    old, new = change(dovecot, user)
    dovecot.append(user, [mail(4)])
    bridge.once()
    found = by_validity(output)
    assert found[old] == {"mail 1", "mail 2", "mail 3"}
    assert found[new] == {"mail 1", "mail 2", "mail 3", "mail 4"}
    assert str(new) in bridge.printed(), "the change should be in the log"


def test_mail_of_the_gap_is_never_lost(new_bridge, dovecot, user, output):
    """By default too: what arrived around the change comes out."""
    dovecot.append(user, mails(3))
    bridge = new_bridge([account(dovecot, user)], output)
    bridge.once()
    dovecot.append(user, [mail(4)])
    change(dovecot, user)
    dovecot.append(user, [mail(5)])
    bridge.once()
    subjects = {event["subject"] for event in output.events()}
    assert subjects == {f"mail {number}" for number in range(1, 6)}


def test_deleted_and_created_anew(new_bridge, dovecot, user, output):
    dovecot.create(user, "Box")
    dovecot.append(user, mails(3), "Box")
    bridge = new_bridge([account(dovecot, user, mailboxes=["Box"])], output)
    bridge.once()
    old = dovecot.uidvalidity(user, "Box")
    dovecot.doveadm("mailbox", "delete", "-u", user, "Box")
    dovecot.create(user, "Box")
    new = dovecot.uidvalidity(user, "Box")
    if new == old:
        dovecot.set_uidvalidity(user, old + 1, "Box")
        new = old + 1
    dovecot.append(user, mails(2, first=10), "Box")
    bridge.once()
    assert by_validity(output) == {
        old: {"mail 1", "mail 2", "mail 3"}, new: {"mail 10", "mail 11"}}


def test_while_it_watches(new_bridge, dovecot, user, output):
    dovecot.append(user, mails(2))
    bridge = new_bridge([account(dovecot, user, idle_seconds=2)], output)
    bridge.start()
    bridge.wait_state(("idle",))
    _, new = change(dovecot, user)
    dovecot.kick(user)
    dovecot.append(user, [mail(3)])
    bridge.wait(lambda: "mail 3" in by_validity(output).get(new, ()),
                what="mail 3 under the new UIDVALIDITY")


@pytest.mark.parametrize("policy", ["match", "now", "stop"])
def test_policies(new_bridge, dovecot, user, output, policy):
    dovecot.append(user, mails(3))
    bridge = new_bridge([account(dovecot, user, on_reset=policy)], output)
    bridge.once()
    old, new = change(dovecot, user)
    dovecot.append(user, [mail(4)])
    bridge.start()
    if policy == "match":
        bridge.wait(lambda: by_validity(output).get(new) == {"mail 4"},
                    what="mail 4 alone")
    elif policy == "stop":
        # "stopped" alone is what the run before left.
        bridge.wait_log("stopped, as on_reset says")
        assert new not in by_validity(output)
    else:
        bridge.wait_state(("idle",))
        dovecot.append(user, [mail(5)])
        bridge.wait(lambda: by_validity(output).get(new) == {"mail 5"},
                    what="mail 5 alone")
    told = output.resets()
    assert len(told) == 1
    for reset in told:
        assert reset["previous"] == {"uidValidity": old, "uid": 3}
        assert (reset["uidValidity"], reset["cause"], reset["policy"]) == (
            new, "uidValidity", policy)
        assert (reset["matched"], reset["passed"], reset["published"]) == (
            {"match": (3, 0, 1), "now": (0, 4, 0)}.get(policy, (0, 0, 0)))


def test_stopped_until_a_person_says_where(new_bridge, dovecot, user, output):
    """The log says how to go on, and that works."""
    dovecot.append(user, mails(3))
    bridge = new_bridge([account(dovecot, user, on_reset="stop")], output)
    bridge.once()
    _, new = change(dovecot, user)
    dovecot.append(user, [mail(4)])
    bridge.start("--once")
    assert bridge.wait_exit() == EX_DATAERR
    assert f"--uidvalidity {new} --uid N" in bridge.printed()
    done = bridge.command("checkpoint", "set", "--account", user, "--mailbox",
                          "INBOX", "--uidvalidity", str(new), "--uid", "3")
    assert done.returncode == 0, done.stderr
    bridge.once()
    assert by_validity(output)[new] == {"mail 4"}


@pytest.mark.parametrize("policy", ["all", "now", "stop"])
def test_uidnext_goes_back(imap, fake_bridge, output, policy):
    """A mailbox that was restored from an old copy, UIDVALIDITY and all."""
    for number in range(1, 6):
        imap.box.add(mail(number))
    bridge = fake_bridge(on_reset=policy)
    bridge.once()
    for uid in (3, 4, 5):
        del imap.box.mails[uid]
    imap.box.uidnext = 3
    bridge.start("--once")
    code = bridge.wait_exit()
    assert "UIDNEXT went back to 3" in bridge.printed()
    assert code == (EX_DATAERR if policy == "stop" else 0)
    if policy == "stop":
        return
    imap.box.add(mail(30))
    bridge.once()
    # Two mails had this UID, and their events differ.
    assert {e["id"]: e["subject"] for e in output.events()
            if e["uid"] == 3} == {"1-3": "mail 3", "1-3-1": "mail 30"}
