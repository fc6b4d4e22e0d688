"""A mailbox that is numbered anew, again and again: each time is told, in its
order and once, and no two mails ever have the same id."""

import json
import shutil

import pytest

from bridge import EX_DATAERR
from mails import mail

# Holds the event of a reset, and of a mail "held", until there is a file called
# "go"; refuses it while there is one called "no".
HOLD = """while read -r event; do case $event in
*'"cause":'*|*'"subject":"held"'*) echo > held; while ! [ -e go ]; do sleep 0.05; done
   if [ -e no ]; then echo refused as it is; continue; fi;;
esac; printf "%s\\n" "$event" >> got; echo ok; done
"""


@pytest.fixture
def holding(imap, fake_bridge):
    """holding(**changes of the account): to a program that may hold resets."""
    def make(**changes):
        bridge = fake_bridge(**changes)
        (bridge.folder / "hold.sh").write_text(HOLD)
        bridge.config["sinks"]["events"] = {
            "type": "exec", "command": ["sh", "./hold.sh"]}
        bridge.write()
        return bridge

    return make


def got(bridge) -> list:
    path = bridge.folder / "got"
    return list(map(json.loads, path.read_text().splitlines())
                ) if path.exists() else []


def number_anew(box, validity: int, *numbers: int) -> None:
    box.mails.clear()
    box.uidnext = 1
    box.uidvalidity = validity
    for number in numbers:
        box.add(mail(number))


def rewind(box, uidnext: int, *numbers: int) -> None:
    for uid in [uid for uid in box.mails if uid >= uidnext]:
        del box.mails[uid]
    box.uidnext = uidnext
    for number in numbers:
        box.add(mail(number))


@pytest.mark.parametrize("policy", ["all", "match"])
@pytest.mark.parametrize("killed", [False, True])
def test_before_the_first_is_told(imap, holding, policy, killed):
    """The second one waits until the sinks have the event of the first."""
    imap.box.add(mail(1))
    bridge = holding(on_reset=policy)
    bridge.once()
    number_anew(imap.box, 2, 1)
    bridge.start()
    bridge.wait((bridge.folder / "held").exists, what="the first event")
    number_anew(imap.box, 3, 1, 2)
    if killed:
        bridge.kill()
        bridge.start()
    else:
        imap.loop.call_soon_threadsafe(
            lambda: [task.cancel() for task in list(imap.tasks)])
    bridge.wait_log("UIDVALIDITY changed from 2 to 3")
    (bridge.folder / "go").touch()
    bridge.wait(lambda: any(e.get("subject") == "mail 2" for e in got(bridge)),
                what="mail 2")
    # The program of a daemon that was killed may live on, and write it too.
    told = list(dict.fromkeys(e["id"] for e in got(bridge) if "cause" in e))
    assert told == ["2-reset-1", "3-reset-2"]
    assert bridge.terminate() == 0
    assert bridge.status()[("fake", "INBOX")]["uidValidity"] == 3


def test_while_a_mail_is_on_its_way(imap, holding):
    """Its outcome is one of the old numbers: none of the new are there yet."""
    imap.box.add(mail(1).replace(b"Subject: mail 1", b"Subject: held"))
    bridge = holding(on_reset="all")
    bridge.start()
    bridge.wait((bridge.folder / "held").exists, what="the mail")
    number_anew(imap.box, 2, 2)
    imap.loop.call_soon_threadsafe(
        lambda: [task.cancel() for task in list(imap.tasks)])
    bridge.wait_log("UIDVALIDITY changed from 1 to 2")
    assert "on its way to the sinks is waited for" in bridge.printed()
    assert "all of it is read again" not in bridge.printed()
    (bridge.folder / "go").touch()
    bridge.wait(lambda: any(e.get("subject") == "mail 2" for e in got(bridge)),
                what="mail 2")
    assert bridge.terminate() == 0
    assert [e["id"] for e in got(bridge)] == ["1-1", "2-reset-1", "2-1"]


def test_ids_after_two_rewinds(imap, fake_bridge, output):
    """9 down to 3, then 6 down to 5: of UID 5 there are three mails."""
    for number in range(1, 10):
        imap.box.add(mail(number))
    bridge = fake_bridge()
    bridge.once()
    rewind(imap.box, 3, 13, 14, 15, 16)
    bridge.once()
    rewind(imap.box, 5, 25)
    bridge.once()
    rewind(imap.box, 6, 26, 27, 28, 29, 30)
    bridge.once()
    ids = {e["id"]: e["subject"] for e in output.events()}
    assert len(ids) == 9 + 4 + 6, ids
    assert [ids[key] for key in ("1-5", "1-5-1", "1-5-2")] == [
        "mail 5", "mail 15", "mail 25"]
    assert ids["1-9-2"] == "mail 29" and ids["1-10"] == "mail 30"
    # What the first rewind left has its id in a replay, too.
    done = bridge.command("replay", "--account", "fake", "--mailbox", "INBOX",
                          "--uid", "1:*")
    assert done.returncode == 0, done.stderr
    again = {e["id"]: e["subject"] for e in output.events() if "replay" in e}
    assert again == {key: ids[key] for key in (
        "1-1", "1-2", "1-3-1", "1-4-1", "1-5-2", "1-6-2", "1-7-2", "1-8-2",
        "1-9-2", "1-10")}


def test_an_old_uidvalidity_is_back(imap, fake_bridge, output):
    """A backup from before the last reset: its UIDs are given out again."""
    for number in range(1, 5):
        imap.box.add(mail(number))
    bridge = fake_bridge()
    bridge.once()
    number_anew(imap.box, 2, 1, 2, 3, 4, 5)
    bridge.once()
    number_anew(imap.box, 1, 1, 2, 6)
    bridge.once()
    ids = {e["id"]: e["subject"] for e in output.events()}
    assert ids["1-3"] == "mail 3" and ids["1-3-2"] == "mail 6"


def test_another_machine_goes_on(imap, fake_bridge, output):
    """Epochs, resets, fingerprints and late UIDs move house with the marks."""
    for number in range(1, 6):
        imap.box.add(mail(number))
    bridge = fake_bridge()
    bridge.once()
    rewind(imap.box, 3, 13)
    bridge.once()
    for number in (14, 15):
        imap.box.add(mail(number))
    imap.box.hidden = {4}
    bridge.once()
    exported = bridge.command("checkpoint", "export").stdout
    shutil.rmtree(bridge.folder / "state")
    done = bridge.command("checkpoint", "import", stdin=exported.encode())
    assert done.returncode == 0, done.stderr
    assert bridge.command("checkpoint", "export").stdout == exported
    # One is listed late.
    imap.box.hidden = set()
    bridge.once()
    assert {e["id"] for e in output.events()} >= {"1-3-1", "1-4-1", "1-5-1"}
    number_anew(imap.box, 2, 1, 2, 13, 14, 15, 16)
    bridge.once()
    assert [e["id"] for e in output.events() if e["uidValidity"] == 2] == [
        "2-6"]
    assert [r["id"] for r in output.resets()] == ["1-reset-1", "2-reset-2"]


def test_marks_that_were_forgotten(imap, fake_bridge):
    """The epoch stays, and travels."""
    imap.box.add(mail(1))
    bridge = fake_bridge()
    bridge.once()
    bridge.command("checkpoint", "reset", "--account", "fake", "--mailbox",
                   "INBOX")
    exported = bridge.command("checkpoint", "export").stdout
    assert json.loads(exported.splitlines()[1]) == {
        "account": "fake", "mailbox": "INBOX", "epoch": 1}
    shutil.rmtree(bridge.folder / "state")
    done = bridge.command("checkpoint", "import", stdin=exported.encode())
    assert "0 checkpoints imported" in done.stdout
    assert bridge.command("checkpoint", "export").stdout == exported


def test_refused(imap, holding):
    """The event of a reset has its dead letter, and mail goes on."""
    imap.box.add(mail(1))
    bridge = holding(on_reset="all")
    for name in ("go", "no"):
        (bridge.folder / name).touch()
    bridge.once()
    number_anew(imap.box, 2, 2)
    bridge.once()
    assert [e.get("subject") for e in got(bridge)] == ["mail 1", "mail 2"]
    where = ("--account", "fake", "--mailbox", "INBOX", "--uid", "0")
    listed = json.loads(bridge.command("dead-letter", "list", "--json").stdout)
    assert [(x["uid"], x["reset"], x["reason"]) for x in listed] == [
        (0, 1, "sink events: sh: refused: as it is")]
    shown = bridge.command("dead-letter", "show", "--raw", *where).stdout
    assert json.loads(shown)["id"] == "2-reset-1"
    (bridge.folder / "no").unlink()
    done = bridge.command("dead-letter", "retry", *where)
    assert done.returncode == 0, done.stderr
    assert got(bridge)[-1] == json.loads(shown)
    assert not json.loads(
        bridge.command("dead-letter", "list", "--json").stdout)


def test_stop_is_told_once(imap, fake_bridge, output):
    for number in range(1, 6):
        imap.box.add(mail(number))
    bridge = fake_bridge(on_reset="stop")
    bridge.once()
    rewind(imap.box, 3, 13)
    for _ in range(2):
        bridge.start("--once")
        assert bridge.wait_exit() == EX_DATAERR
    [reset] = output.resets()
    assert (reset["policy"], reset["published"], reset["uidNext"]) == (
        "stop", 0, 4)
    done = bridge.command("checkpoint", "set", "--account", "fake",
                          "--mailbox", "INBOX", "--uid", "2")
    assert done.returncode == 0, done.stderr
    bridge.once()
    assert {e["id"]: e["subject"] for e in output.events()
            if e["uid"] == 3} == {"1-3": "mail 3", "1-3-1": "mail 13"}
