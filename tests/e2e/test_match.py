"""on_reset: match. A mailbox numbers its mails anew: what was published is found
again, what was not comes out, and the rest comes out and says so."""

import shutil
import sqlite3
import subprocess

import pytest

from bridge import account
from mails import mail, mails

DATES = [f'"{day:2}-May-2026 10:00:00 +0000"' for day in range(1, 31)]
LOOK = "UID FETCH .*HEADER.FIELDS"


def fill(imap, first: int, last: int, uid: int = 0) -> None:
    """Mail n came on the n-th day."""
    for number in range(first, last + 1):
        imap.box.add(mail(number), uid + number if uid else None,
                     DATES[number - 1])


def number_anew(imap, *numbers: int) -> None:
    imap.box.mails.clear()
    imap.box.uidnext = 1
    imap.box.uidvalidity += 1
    for number in numbers:
        imap.box.add(mail(number), date=DATES[number - 1])


def told(output, validity: int) -> dict:
    """UID: subject, and whether it says that it may be a repetition."""
    return {e["uid"]: (e["subject"], e.get("maybeRepeated", False))
            for e in output.events() if e["uidValidity"] == validity}


def counts(reset: dict) -> tuple:
    return tuple(reset[key] for key in
                 ("matched", "passed", "published", "uncertain"))


def test_uidnext_goes_back(imap, fake_bridge, output):
    """An older copy, UIDVALIDITY and all: UIDs are given out once more."""
    fill(imap, 1, 9, uid=90)
    fill(imap, 10, 12, uid=487)
    bridge = fake_bridge()
    bridge.once()
    assert output.count() == 12
    for uid in (497, 498, 499):
        del imap.box.mails[uid]
    imap.box.uidnext = 100
    fill(imap, 20, 20)
    bridge.once()
    fill(imap, 21, 21)
    bridge.once()
    assert output.count() == 14
    ids = {e["id"]: e["subject"] for e in output.events()}
    assert (ids["1-100-1"], ids["1-101-1"]) == ("mail 20", "mail 21")
    assert not any("maybeRepeated" in e for e in output.events())
    [reset] = output.resets()
    assert reset["cause"] == "uidNext" and reset["id"] == "1-reset-1"
    assert reset["previous"] == {"uidValidity": 1, "uid": 499}
    assert (reset["uid"], reset["uidNext"]) == (99, 101)
    assert counts(reset) == (9, 0, 1, 0)
    # Where no mail had the UID, its id is as ever; replays know the names.
    imap.box.uidnext = 500
    fill(imap, 22, 22)
    bridge.once()
    assert {e["id"] for e in output.events()} - set(ids) == {"1-500"}
    done = bridge.command("replay", "--account", "fake", "--mailbox", "INBOX",
                          "--uid", "99:500")
    assert done.returncode == 0, done.stderr
    assert {e["id"] for e in output.events() if "replay" in e} == {
        "1-99", "1-100-1", "1-101-1", "1-500"}


@pytest.mark.parametrize("awake", [True, False])
def test_uids_mean_other_mails(imap, fake_bridge, output, awake):
    """An old mail arrives at a server that numbers by date, while the bridge
    runs or not: those after it move up, and UIDVALIDITY stays.  The connection
    on which that is noticed breaks."""
    fill(imap, 1, 4)
    fill(imap, 6, 9)
    bridge = fake_bridge()

    def go_on(count: int) -> None:
        if not awake:
            bridge.once()
            return
        bridge.wait(lambda: output.count() == count, what="the mails")
        bridge.wait_state(("idle",))

    if awake:
        bridge.start()
    go_on(8)
    imap.on(LOOK.replace(".*", "8 .*"), ["-- close"])
    imap.box.mails.clear()
    imap.box.uidnext = 1
    fill(imap, 1, 8)
    imap.deliver(mail(9))
    imap.box.dates[9] = DATES[8]
    go_on(9)
    bridge.wait_log("UID 8 was read, and means another mail now")
    [reset] = output.resets()
    assert reset["cause"] == "uid" and counts(reset) == (8, 0, 1, 1)
    [old] = [e for e in output.events() if e["subject"] == "mail 5"]
    assert old["id"] == "1-5-1" and old["maybeRepeated"]
    imap.deliver(mail(10), mail(11))
    go_on(11)
    assert len({e["subject"] for e in output.events()}) == 11
    assert len(output.resets()) == 1


@pytest.mark.parametrize("answer", ["-- model", "NIL"])
def test_a_copied_date_is_no_other_mail(imap, fake_bridge, output, answer):
    """As when files of a maildir are copied without their times; also where
    the server says nothing of the Message-ID."""
    fill(imap, 1, 3)
    bridge = fake_bridge()
    bridge.once()
    imap.box.dates[3] = DATES[20]
    fill(imap, 4, 4)
    if answer == "NIL":
        imap.on(LOOK.replace(".*", "3 .*"), f'''
            S: * 3 FETCH (UID 3 INTERNALDATE {DATES[20]} RFC822.SIZE {len(mail(3))} BODY[HEADER.FIELDS (MESSAGE-ID)] NIL)
            S: $ OK done
        ''')
    bridge.once()
    assert imap.said("UID FETCH 3,4 .*SIZE INTERNALDATE")
    assert imap.said(LOOK.replace(".*", "3 .*"))
    assert output.count() == 4 and not output.resets()


def test_restored_from_an_old_backup(new_bridge, dovecot, user, output):
    """Dovecot gives it new UIDs; two mails are missing, one is new."""
    dovecot.create(user, "Box")
    dovecot.append(user, mails(3), "Box")
    [box] = dovecot.folder.glob(f"**/{user}/**/.Box")
    backup = output.path.parent / "backup"
    subprocess.run(["cp", "-a", box, backup], check=True)
    for index in backup.glob("dovecot*"):
        index.unlink()
    dovecot.append(user, mails(2, first=4), "Box")
    bridge = new_bridge([account(dovecot, user, mailboxes=["Box"])], output)
    bridge.once()
    old = dovecot.uidvalidity(user, "Box")
    dovecot.doveadm("mailbox", "delete", "-u", user, "Box")
    subprocess.run(["cp", "-a", backup, box], check=True)
    if dovecot.uidvalidity(user, "Box") == old:
        dovecot.set_uidvalidity(user, old + 1, "Box")
    dovecot.append(user, [mail(6)], "Box")
    bridge.once()
    new = dovecot.uidvalidity(user, "Box")
    assert {subject for subject, _ in told(output, new).values()} == {"mail 6"}
    assert output.count() == 6
    assert counts(output.resets()[0])[0] == 3
    status = bridge.status()[(user, "Box")]
    assert status["reset"]["matched"] == 3 and status["uidValidity"] == new


def test_what_leaves_a_doubt_is_read(imap, fake_bridge, output):
    """No Message-ID, copies, and a mail that looks like another one."""
    bare = mail(1).replace(b"Message-ID", b"X-Removed-")
    twin = bare.replace(b"Body of", b"Wody of")
    imap.box.add(bare)
    imap.box.add(mail(2))
    imap.box.add(mail(2))
    bridge = fake_bridge()
    bridge.once()
    # What is remembered moves house with the checkpoint.
    carried = bridge.command("checkpoint", "export").stdout
    shutil.rmtree(bridge.folder / "state")
    done = bridge.command("checkpoint", "import", stdin=carried.encode())
    assert done.returncode == 0, done.stderr
    number_anew(imap)
    for data in (bare, mail(2), mail(2), mail(2), twin):
        imap.box.add(data)
    bridge.once()
    assert told(output, 2) == {4: ("mail 2", False), 5: ("mail 1", False)}
    [reset] = output.resets()
    assert counts(reset) == (3, 0, 2, 0)


def test_inside_a_session(imap, fake_bridge, output):
    fill(imap, 1, 3)
    imap.on("IDLE", [lambda c: number_anew(imap, 1, 2, 3, 4), "S: + idling",
                     "S: * OK [UIDVALIDITY 2] renumbered", "-- hole"])
    bridge = fake_bridge().start()
    bridge.wait(lambda: told(output, 2) == {4: ("mail 4", False)})
    assert output.count() == 4


@pytest.mark.parametrize("where", [LOOK, r"UID FETCH 2[:,\d]* \(UID FLAGS"])
def test_killed_in_the_middle(imap, fake_bridge, output, where):
    """While it looks, and while it fetches what it decided to publish."""
    fill(imap, 1, 4)
    bridge = fake_bridge()
    bridge.once()
    # 5 and 7 are new, 2 is gone, and 6 is in its place.
    number_anew(imap, 1, 6, 3, 4, 5, 7)
    imap.box.dates[2] = DATES[1]
    imap.on(where, ["-- hole"])
    bridge.start()
    imap.wait_said(where)
    bridge.kill()
    assert bool(output.resets()) == (where != LOOK)
    before = output.count()
    bridge.once()
    assert output.count() > before
    assert told(output, 2) == {2: ("mail 6", True), 5: ("mail 5", False),
                               6: ("mail 7", False)}
    [reset] = output.resets()
    assert counts(reset) == (3, 0, 3, 1)


@pytest.mark.parametrize("start", ["now", "beginning"])
def test_nothing_is_remembered(imap, fake_bridge, output, start):
    """A store of an older version: what is older than its last commit was read
    then, if only what came since the start is wanted."""
    fill(imap, 1, 3)
    bridge = fake_bridge(start=start)
    bridge.once()
    before = output.count()
    with sqlite3.connect(bridge.folder / "state/checkpoint.db") as store:
        store.executescript("DROP TABLE fingerprint; DROP TABLE reset; "
                            "ALTER TABLE epoch DROP COLUMN sum;"
                            "ALTER TABLE status DROP COLUMN sum;"
                            "PRAGMA user_version = 1")
    number_anew(imap, 1, 2, 3)
    imap.box.add(mail(4), date='"01-Jan-2036 10:00:00 +0000"')
    bridge.once()
    assert before == (0 if start == "now" else 3)
    assert told(output, 2) == {
        uid: (f"mail {uid}", True)
        for uid in ((4,) if start == "now" else (1, 2, 3, 4))}


@pytest.mark.long
@pytest.mark.parametrize("sink", ["kafka_output", "redis_output"])
def test_the_sink_remembers(request, imap, new_bridge, fake_account, sink):
    """With exactly_once the fingerprints are with the mark: the state directory
    is lost, and then the mailbox is numbered anew."""
    output = request.getfixturevalue(sink)
    output.settings["delivery"] = "exactly_once"
    fill(imap, 1, 5)
    bridge = new_bridge([fake_account()], output)
    bridge.once()
    shutil.rmtree(bridge.folder / "state")
    number_anew(imap, 1, 2, 3, 4, 5, 6)
    bridge.once()
    events = output.events()
    assert [e["id"] for e in events] == [
        "1-1", "1-2", "1-3", "1-4", "1-5", "2-reset-1", "2-6"]
    assert counts(events[5]) == (5, 0, 1, 0)
