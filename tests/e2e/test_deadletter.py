"""What a sink refuses for good: kept, listed, tried again."""

import base64
import json

import pytest

from bridge import EX_DATAERR, EX_USAGE, account
from mails import mail, mails
from outputs import DirectoryOutput, RedisOutput
from servers.redisserver import RedisServer

SMALL = 1024 * 1024  # the least that Redis allows as proto-max-bulk-len


@pytest.fixture
def letters(folder):
    """Where a dead-letter sink writes."""
    return DirectoryOutput(folder / "letters")


@pytest.fixture
def refusing(new_bridge, dovecot, user, redis_server, redis_output, letters):
    """A bridge to a Redis that refuses events of more than 1 MiB."""
    def make(**settings):
        redis_output.client.config_set("proto-max-bulk-len", SMALL)
        bridge = new_bridge([account(dovecot, user, sink="events")],
                            redis_output, **settings)
        bridge.config["sinks"]["letters"] = letters.section()
        bridge.write()
        dovecot.append(user, [mail(1), mail(2, size=2 * SMALL), mail(3)])
        return bridge

    return make


@pytest.fixture
def other_redis():
    server = RedisServer()
    yield server
    server.remove()


def uids(output) -> list:
    return [event["uid"] for event in output.events()]


def test_below_the_state_directory(refusing, dovecot, user, redis_output):
    bridge = refusing()
    bridge.once()
    assert uids(redis_output) == [1, 3]
    assert bridge.checkpoint(user) == 3
    listed = bridge.command("dead-letter", "list", "--json")
    assert listed.returncode == 0, listed.stderr
    [row] = json.loads(listed.stdout)
    assert (row["account"], row["mailbox"], row["uid"], row["sink"]) == (
        user, "INBOX", 2, "events")
    assert "bulk length" in row["reason"]
    assert "bulk length" in bridge.command("dead-letter", "list").stdout
    where = ["--account", user, "--mailbox", "INBOX", "--uid", "2"]
    shown = bridge.command("dead-letter", "show", "--raw", *where)
    assert shown.stdout.encode() == mail(2, size=2 * SMALL)


def test_retry(refusing, dovecot, user, redis_output):
    """It is removed only when the sink has it."""
    bridge = refusing()
    bridge.once()
    again = bridge.command("dead-letter", "retry")
    assert again.returncode == EX_DATAERR
    assert "refused again" in again.stderr
    assert len(json.loads(bridge.command("dead-letter", "list",
                                         "--json").stdout)) == 1
    redis_output.client.config_set("proto-max-bulk-len", 512 * SMALL)
    bridge.start()
    bridge.wait_state(("idle",))
    kept = bridge.command("replay", "--dead-letter")
    assert kept.returncode == 0, kept.stderr
    done = bridge.command("dead-letter", "retry", "--account", user,
                          "--mailbox", "inbox", "--uid", "2")
    assert done.returncode == 0, done.stderr
    assert bridge.terminate() == 0
    assert uids(redis_output) == [1, 3, 2, 2]
    assert redis_output.events()[-1]["replay"] is True
    assert redis_output.events()[-1]["receivedAt"]
    assert "no dead letters" in bridge.command("dead-letter", "retry").stdout


def test_letters_that_cannot_be_read(fake_bridge):
    """All of them: told, and kept."""
    bridge = fake_bridge()
    letter = bridge.folder / "state/dead-letter/fake/INBOX/7-0000000002@x.json"
    letter.parent.mkdir(parents=True)
    (bridge.folder / "state").chmod(0o700)
    letter.write_text(json.dumps({
        "account": "fake", "mailbox": "INBOX", "uidValidity": 7, "uid": 2,
        "size": 5, "flags": "", "sink": "x", "reason": "too large"}))
    done = bridge.command("dead-letter", "retry")
    assert done.returncode == EX_DATAERR, done.stderr
    assert "2@x.eml: No such file" in done.stderr
    assert "1 cannot be read" in done.stderr
    assert letter.exists()


def test_drop(refusing, user):
    bridge = refusing()
    bridge.once()
    vague = bridge.command("dead-letter", "drop")
    assert vague.returncode == EX_USAGE and "--all" in vague.stderr
    where = ["--account", user, "--mailbox", "INBOX", "--uid"]
    assert bridge.command("dead-letter", "drop", *where,
                          "9").returncode == EX_DATAERR
    done = bridge.command("dead-letter", "drop", *where, "2")
    assert done.returncode == 0, done.stderr
    assert json.loads(bridge.command("dead-letter", "list",
                                     "--json").stdout) == []


def test_to_a_sink(refusing, user, redis_output, letters, folder):
    bridge = refusing(dead_letter="letters")
    bridge.once()
    assert bridge.checkpoint(user) == 3
    [path] = letters.files()
    event = json.loads(path.read_bytes())
    assert path.name == f"{event['uidValidity']}-2-refused-events.json"
    assert event["uid"] == 2 and event["sink"] == "events"
    assert base64.b64decode(event["raw"]) == mail(2, size=2 * SMALL)
    assert json.loads(bridge.command("dead-letter", "list",
                                     "--json").stdout) == []


def test_letter_that_is_refused_too_becomes_a_file(refusing, redis_server):
    small = RedisOutput(redis_server, "dead")
    bridge = refusing(dead_letter="letters")
    bridge.config["sinks"]["letters"] = small.section()
    bridge.write()
    bridge.once()
    assert small.count() == 0
    assert len(json.loads(bridge.command("dead-letter", "list",
                                         "--json").stdout)) == 1


def test_dead_letter_sink_that_is_away_holds_the_mark(
        refusing, user, redis_output, other_redis):
    other = RedisOutput(other_redis, "dead")
    bridge = refusing(dead_letter="letters")
    bridge.config["sinks"]["letters"] = other.section()
    bridge.write()
    other_redis.kill()
    bridge.start()
    bridge.wait(lambda: redis_output.count() == 2, what="the others")
    assert bridge.checkpoint(user) <= 1
    assert json.loads(bridge.command("dead-letter", "list",
                                     "--json").stdout) == []
    other_redis.start()
    bridge.wait(lambda: bridge.checkpoint(user) == 3, 60, "the letter")
    [entry] = other.entries()
    assert json.loads(entry["data"])["uid"] == 2
    assert entry["ce_type"] == b"mailbridge.message.refused.v1"
    assert bridge.terminate() == 0


def test_outage_is_no_reason(new_bridge, dovecot, user, redis_server):
    output = RedisOutput(redis_server, "mail")
    bridge = new_bridge([account(dovecot, user)], output).start()
    bridge.wait_state(("idle",))
    redis_server.kill()
    dovecot.append(user, mails(5))
    bridge.wait_log("mail waits on its server")
    redis_server.start()
    bridge.wait(lambda: bridge.checkpoint(user) == 5, what="all of it")
    assert json.loads(bridge.command("dead-letter", "list",
                                     "--json").stdout) == []
    assert bridge.terminate() == 0


def test_damaged_letter_is_told(refusing, folder):
    bridge = refusing()
    bridge.once()
    [path] = bridge.folder.glob("state/dead-letter/*/*/*.json")
    path.write_text("{")
    done = bridge.command("dead-letter", "list")
    assert done.returncode == EX_DATAERR and path.name in done.stderr
