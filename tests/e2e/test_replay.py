"""mailbridge replay: stored mail is published once more."""

import signal
import subprocess
import time

import pytest

from bridge import EX_DATAERR, EX_TEMPFAIL, EX_USAGE, PROGRAM, account
from mails import mail, mails
from outputs import DirectoryOutput, RedisOutput


@pytest.fixture
def again(folder):
    return DirectoryOutput(folder / "again")


@pytest.fixture
def replayer(new_bridge, dovecot, user, output, again):
    """replayer(*args): ten mails were published to `output`; the second sink,
    which no account has, writes to `again`."""
    dovecot.append(user, mails(10))
    bridge = new_bridge([account(dovecot, user, sink="events")], output)
    bridge.config["sinks"]["again"] = again.section()
    bridge.write()
    bridge.once()

    def run(*args: str, sink: str = "again", mailbox: str = "INBOX"):
        to = ["--sink", sink] if sink else []
        return bridge.command("replay", "--account", user, "--mailbox",
                              mailbox, *to, *args)

    run.bridge = bridge
    return run


def uids(output) -> list:
    return [event["uid"] for event in output.events()]


@pytest.mark.parametrize("which, expected", [
    ("3", [3]), ("3:5", [3, 4, 5]), ("8:*", [8, 9, 10]),
    ("1:10", list(range(1, 11)))])
def test_by_uid(replayer, output, again, user, which, expected):
    done = replayer("--uid", which)
    assert done.returncode == 0, done.stderr
    assert uids(again) == expected
    first = {event["id"]: event for event in output.events()}
    for event in again.events():
        assert event.pop("replay") is True
        assert event == first[event["id"]], "the same event, but for replay"
    assert replayer.bridge.checkpoint(user) == 10
    assert f"{len(expected)} mails published again" in done.stdout


def test_the_accounts_own_sink_is_the_default(replayer, output):
    done = replayer("--uid", "4", sink="")
    assert done.returncode == 0, done.stderr
    assert [e["uid"] for e in output.events() if e.get("replay")] == [4]


def test_by_date(replayer, again, dovecot, user):
    dovecot.append(user, [mail(11)])
    done = replayer("--since", "2020-01-01")
    assert done.returncode == 0, done.stderr
    assert uids(again) == list(range(1, 12))
    later = replayer("--since", time.strftime(
        "%Y-%m-%d", time.gmtime(time.time() + 3 * 86400)))
    assert later.returncode == 0, later.stderr
    assert "0 mails published again" in later.stdout


def test_missing_ones_are_told(replayer, again, dovecot, user):
    dovecot.expunge(user, 4)
    done = replayer("--uid", "3:5")
    assert done.returncode == 0
    assert "not in the mailbox: UID 4" in done.stderr
    assert uids(again) == [3, 5]
    gone = replayer("--uid", "4")
    assert gone.returncode == EX_DATAERR
    assert "nothing to replay" in gone.stderr
    above = replayer("--uid", "900:*")
    assert above.returncode == EX_DATAERR
    assert "UIDs up to 10" in above.stderr


def test_dry_run(replayer, again):
    done = replayer("--uid", "2:6", "--dry-run")
    assert done.returncode == 0, done.stderr
    assert "5 mails would be published" in done.stdout
    assert again.count() == 0


def test_into_a_sink_that_drops_repeats(new_bridge, dovecot, user,
                                        redis_server):
    """What is asked for again on purpose is added again."""
    output = RedisOutput(redis_server, "mail", delivery="exactly_once")
    dovecot.append(user, mails(3))
    bridge = new_bridge([account(dovecot, user)], output)
    bridge.once()
    done = bridge.command("replay", "--account", user, "--mailbox", "INBOX",
                          "--uid", "1:2")
    assert done.returncode == 0, done.stderr
    assert uids(output) == [1, 2, 3, 1, 2]
    dovecot.append(user, mails(1, first=4))
    bridge.once()
    assert uids(output) == [1, 2, 3, 1, 2, 4]


@pytest.mark.parametrize("args, told", [
    (("--uid", "0"), "UIDs from 1 on"), (("--uid", "7:3"), "lower one first"),
    (("--uid", "1:2x"), "--uid must be"), (("--since", "2026-02-30"), "date"),
    (("--uid", "1", "--since", "2026-01-01"), "either"), ((), "either"),
    (("--uid", "1", "--sink", "agian"), 'did you mean "again"')])
def test_called_wrongly(replayer, args, told):
    done = replayer(*args, sink="")
    assert done.returncode == EX_USAGE
    assert told in done.stderr


def test_unknown_names(replayer, user):
    done = replayer("--uid", "1", mailbox="INBXO")
    assert done.returncode == EX_USAGE
    assert 'did you mean "INBOX"' in done.stderr
    done = replayer.bridge.command("replay", "--account", "nobody-here",
                                   "--mailbox", "INBOX", "--uid", "1")
    assert done.returncode == EX_USAGE
    assert "no account is called" in done.stderr and user in done.stderr


def test_beside_the_daemon(replayer, output, again, dovecot, user):
    """It moves no mark, takes no lock, and both go on."""
    bridge = replayer.bridge.start()
    bridge.wait_state(("idle",))
    done = replayer("--uid", "1:5")
    assert done.returncode == 0, done.stderr
    dovecot.append(user, [mail(11)])
    bridge.wait(lambda: bridge.checkpoint(user) == 11, what="the daemon")
    assert uids(again) == [1, 2, 3, 4, 5]
    assert bridge.terminate() == 0


def test_mailbox_stays_untouched(replayer, dovecot, user):
    before = dovecot.fetch(user)
    assert replayer("--uid", "1:*").returncode == 0
    assert dovecot.fetch(user) == before


def test_with_a_small_budget(new_bridge, dovecot, user, output,
                                             again):
    """More mail than inflight_bytes may hold at once."""
    dovecot.append(user, mails(60, size=100_000))
    bridge = new_bridge([account(dovecot, user)], output,
                        limits={"inflight_bytes": "1MiB"})
    bridge.once()
    done = bridge.command("replay", "--account", user, "--mailbox", "INBOX",
                          "--uid", "1:*")
    assert done.returncode == 0, done.stderr
    assert all(event["replay"] for event in output.events())
    assert output.count() == 60


def test_cut_short(replayer, dovecot, user, folder):
    """A signal ends it in good order, and the exit code says that mail is
    left."""
    bridge = replayer.bridge
    dovecot.append(user, mails(600, first=11, size=30000))
    process = subprocess.Popen(
        [str(PROGRAM), "replay", "-c", str(bridge.path), "--account", user,
         "--mailbox", "INBOX", "--uid", "1:*", "--sink", "again"],
        env=bridge.environment(), stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True)
    out = DirectoryOutput(folder / "again")
    deadline = time.monotonic() + 30
    while out.count() < 20:
        assert process.poll() is None and time.monotonic() < deadline
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=30)
    assert 20 <= out.count() < 610
    assert process.returncode == EX_TEMPFAIL, errors
    assert "cut short" in errors
    out.events()
