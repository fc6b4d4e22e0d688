"""sink: [a, b]: each mail goes to all of them, and the mark is the lowest."""

import random
import re
import signal
import time

import pytest

from bridge import EX_CONFIG, account
from mails import mails


@pytest.fixture
def both(new_bridge, dovecot, user, output, redis_output):
    """A bridge to a directory and to a Redis stream."""
    def make(**settings):
        bridge = new_bridge([account(dovecot, user, sink=["events", "stream"])],
                            output, **settings)
        bridge.config["sinks"]["stream"] = redis_output.section()
        bridge.write()
        return bridge

    return make


def ids(output) -> list:
    return sorted(event["id"] for event in output.events())


def test_both_get_all(both, dovecot, user, output, redis_output):
    dovecot.append(user, mails(50))
    bridge = both()
    bridge.once()
    assert output.count() == 50
    assert ids(output) == ids(redis_output)
    assert bridge.checkpoint(user) == 50


def test_one_that_is_away_holds_the_mark(both, dovecot, user, output,
                                         redis_server, redis_output):
    bridge = both().start()
    dovecot.append(user, mails(3))
    bridge.wait(lambda: bridge.checkpoint(user) == 3
                if redis_output.count() == 3 else False, what="the first")
    redis_server.kill()
    dovecot.append(user, mails(3, first=4))
    bridge.wait(lambda: output.count() == 6, what="the sink that is there")
    assert bridge.checkpoint(user) == 3
    bridge.wait(lambda: "refused" in (bridge.sinks()["stream"]["lastError"]
                                      or ""), what="the status")
    sinks = bridge.sinks()
    assert sinks["events"]["state"] == "up"
    assert sinks["stream"]["state"] == "down"
    assert sinks["stream"]["lastError"] in bridge.command("status").stdout
    redis_server.start()
    bridge.wait(lambda: bridge.checkpoint(user) == 6, what="the mark")
    bridge.wait(lambda: bridge.sinks()["stream"]["state"] == "up",
                what="the status")
    assert bridge.terminate() == 0
    assert bridge.sinks()["stream"]["state"] == "stopped"
    assert set(ids(redis_output)) == set(ids(output))


def test_slow_one_is_named_and_others_go_on(both, dovecot, user, output,
                                            redis_server):
    """An account that does not need it is not held up by it."""
    other = user + "-other"
    dovecot.append(user, mails(400, size=30_000))
    dovecot.append(other, mails(50))
    bridge = both(limits={"inflight_bytes": "2MiB"})
    bridge.config["accounts"].append(account(dovecot, other, sink="events"))
    bridge.write()
    redis_server.process.send_signal(signal.SIGSTOP)
    try:
        bridge.start()
        bridge.wait_log(r"sink stream is behind: it has not acknowledged \d+ mails")
        bridge.wait(lambda: bridge.checkpoint(other) == 50,
                    what="the other account")
        assert output.count() < 450, "the budget bounds how far it is ahead"
        bridge.wait(lambda: bridge.sinks()["stream"]["state"] != "up",
                    what="the status")
        sinks = bridge.sinks()
        assert sinks["stream"]["unanswered"] > 0
        assert sinks["events"]["state"] == "up"
    finally:
        redis_server.process.send_signal(signal.SIGCONT)
    bridge.wait(lambda: bridge.checkpoint(user) == 400, 60, "all of it")
    assert output.count() == 450
    assert bridge.terminate() == 0


def test_killed_while_one_is_behind(both, dovecot, user, output, redis_server,
                                    redis_output):
    """After the restart the one that was ahead gets the same ids again."""
    dovecot.append(user, mails(20))
    bridge = both()
    redis_server.process.send_signal(signal.SIGSTOP)
    try:
        bridge.start()
        bridge.wait(lambda: output.count() == 20, what="the one ahead")
        bridge.kill()
    finally:
        redis_server.process.send_signal(signal.SIGCONT)
    bridge.once()
    assert output.count() == 20
    assert set(ids(redis_output)) == set(ids(output))
    assert bridge.checkpoint(user) == 20


def test_list_changes(both, dovecot, user, output, redis_output):
    """One that is added gets what comes from then on."""
    dovecot.append(user, mails(3))
    bridge = both()
    bridge.config["accounts"][0]["sink"] = "events"
    bridge.write()
    bridge.once()
    bridge.config["accounts"][0]["sink"] = ["stream", "events"]
    bridge.write()
    dovecot.append(user, mails(2, first=4))
    bridge.once()
    assert [event["uid"] for event in redis_output.events()] == [4, 5]
    bridge.config["accounts"][0]["sink"] = ["stream"]
    bridge.write()
    dovecot.append(user, mails(1, first=6))
    bridge.once()
    assert output.count() == 5
    assert [event["uid"] for event in redis_output.events()] == [4, 5, 6]
    done = bridge.command("replay", "--account", user, "--mailbox", "INBOX",
                          "--uid", "1:3", "--sink", "stream")
    assert done.returncode == 0, done.stderr
    assert redis_output.count() == 6


def test_replay_to_all(both, dovecot, user, output, redis_output):
    dovecot.append(user, mails(3))
    bridge = both()
    bridge.once()
    done = bridge.command("replay", "--account", user, "--mailbox", "INBOX",
                          "--uid", "2")
    assert done.returncode == 0, done.stderr
    assert [event["uid"] for event in redis_output.events()] == [1, 2, 3, 2]
    assert [event["uid"] for event in output.events()
            if event.get("replay")] == [2]


@pytest.mark.parametrize("sink, told", [
    (["events", "strem"], r'sink\[1\]: no sink is called "strem", did you'),
    (["events", "events"], r"sink\[1\]: is listed twice"),
    ([], "sink: is empty"), ([["events"]], r"sink\[0\]")])
def test_mistakes(both, sink, told):
    bridge = both()
    bridge.config["accounts"][0]["sink"] = sink
    bridge.write()
    done = bridge.command("check", "--offline")
    assert done.returncode == EX_CONFIG
    assert re.search(told, done.stderr), done.stderr


def test_exactly_once_beside_another(new_bridge, dovecot, user, output,
                                     kafka_output):
    """Killed again and again: the one that stores marks has each mail once
    though the mailbox's own mark waits for the other."""
    chance = random.Random(random.SystemRandom().randrange(1 << 32))
    kafka_output.settings["delivery"] = "exactly_once"
    dovecot.append(user, mails(200, size=4000))
    bridge = new_bridge([account(dovecot, user, sink=["events", "topic"])],
                        output)
    bridge.config["sinks"]["topic"] = kafka_output.section()
    bridge.write()
    for _ in range(3):
        bridge.start()
        time.sleep(chance.uniform(0.1, 1.0))  # the moment is the test
        bridge.kill()
    bridge.once()
    assert bridge.checkpoint(user) == 200
    wanted = [event["id"] for event in output.events()]
    assert len(wanted) == 200
    assert ids(kafka_output) == sorted(wanted)
