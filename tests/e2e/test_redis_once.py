"""Redis with delivery: exactly_once."""

import json
import random
import shutil
import time

import pytest

from bridge import account
from mails import mails
from twins import check_owner_is_left_alone, check_two_bridges, uids


@pytest.fixture
def once(redis_output):
    redis_output.settings["delivery"] = "exactly_once"
    return redis_output


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
    assert len(records[f"{user}/INBOX"].pop("recent")) > 0
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
    check_two_bridges(new_bridge, dovecot, user, once,
                      "another mailbridge .* stores with the checkpoints in")


def test_check_and_replay_leave_the_owner_alone(new_bridge, dovecot, user,
                                                once):
    check_owner_is_left_alone(new_bridge, dovecot, user, once)
