"""Redis with delivery: exactly_once."""

import json
import random
import shutil
import time

import pytest

from bridge import account
from mails import mail, mails


@pytest.fixture
def once(redis_output):
    redis_output.settings["delivery"] = "exactly_once"
    return redis_output


def uids(output) -> list:
    return [event["uid"] for event in output.events()]


def checkpoints(output) -> dict:
    fields = output.client.hgetall(f"{output.stream}:checkpoint")
    return {key.decode(): json.loads(value) for key, value in fields.items()}


def test_each_once(new_bridge, dovecot, user, once):
    dovecot.append(user, mails(300))
    bridge = new_bridge([account(dovecot, user)], once)
    bridge.once()
    dovecot.append(user, mails(5, first=301))
    bridge.once()
    assert uids(once) == list(range(1, 306))
    assert bridge.checkpoint(user) == 305
    records = checkpoints(once)
    assert records.pop("/owner")["generation"] == 2
    assert records == {f"{user}/INBOX": {
        "account": user, "mailbox": "INBOX", "uid": 305, "above": "",
        "uidValidity": dovecot.uidvalidity(user), "epoch": 0}}

    # The state directory is lost: not from "now", and not from the start.
    shutil.rmtree(bridge.folder / "state")
    bridge.config["accounts"][0]["start"] = "now"
    bridge.write()
    dovecot.append(user, mails(5, first=306))
    bridge.once()
    assert uids(once) == list(range(1, 311))

    # What is put back by hand counts more than what the sink has.
    done = bridge.command("checkpoint", "set", "--account", user, "--mailbox",
                          "INBOX", "--uid", "308")
    assert done.returncode == 0, done.stderr
    bridge.once()
    bridge.once()
    assert uids(once) == [*range(1, 311), 309, 310]


def test_killed_again_and_again(new_bridge, dovecot, user, once):
    """Bridge and Redis in turn, at any moment."""
    seed = random.SystemRandom().randrange(1 << 32)
    print("seed", seed)
    chance = random.Random(seed)
    count = 600
    dovecot.append(user, mails(count, size=4000))
    bridge = new_bridge([account(dovecot, user)], once)
    for _ in range(4):
        bridge.start()
        time.sleep(chance.uniform(0.1, 0.6))  # the moment is the test
        once.server.restart()
        time.sleep(chance.uniform(0, 0.3))
        bridge.kill()
    bridge.once()
    assert sorted(uids(once)) == list(range(1, count + 1))
    assert bridge.checkpoint(user) == count


def test_two_bridges(new_bridge, dovecot, user, once):
    """On one mailbox, with a state directory each: the later one works, the
    earlier one says why it rests; nothing is doubled."""
    dovecot.append(user, mails(100))
    first = new_bridge([account(dovecot, user)], once)
    second = new_bridge([account(dovecot, user)], once)
    first.start()
    first.wait(lambda: once.count() > 0, what="the first")
    second.start()
    dovecot.append(user, mails(100, first=101))
    second.wait(lambda: once.count() == 200, 60, "all of it")
    dovecot.append(user, mails(10, first=201))
    second.wait(lambda: once.count() == 210, 60, "the rest")
    first.wait_log("another mailbridge .* stores with the checkpoints in")
    assert first.running()
    assert first.terminate() == 0
    assert second.terminate() == 0
    assert sorted(uids(once)) == list(range(1, 211))


def test_while_idle(new_bridge, dovecot, user, once):
    """... with others at the same stream, who leave the owner alone."""
    dovecot.append(user, mails(3))
    bridge = new_bridge([account(dovecot, user)], once)
    bridge.start()
    bridge.wait_state(("idle",))
    assert bridge.command("check").returncode == 0
    done = bridge.command("replay", "--account", user, "--mailbox", "INBOX",
                          "--uid", "2")
    assert done.returncode == 0, done.stderr
    once.client.script_flush()
    dovecot.deliver(user, mail(4))
    bridge.wait(lambda: once.count() == 5, what="the last")
    assert bridge.terminate() == 0
    assert sorted(uids(once)) == [1, 2, 2, 3, 4]
