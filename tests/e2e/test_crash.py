"""SIGKILL at random moments: nothing is lost, repeats keep their event id.

The seed is printed; MAILBRIDGE_SEED=N runs the same moments again.
"""

import os
import random
import time

import pytest

from bridge import account
from mails import mails

SMALL, LARGE = 300, 2000


@pytest.fixture
def chance() -> random.Random:
    seed = int(os.environ.get("MAILBRIDGE_SEED", random.randrange(2 ** 32)))
    print(f"MAILBRIDGE_SEED={seed}")
    return random.Random(seed)


def crash_until_done(bridge, output, wanted: int, chance: random.Random,
                     longest: float) -> int:
    """Kill and start again; it lives a little longer each time, so that this
    ends. The number of kills."""
    kills = 0
    life = longest
    while True:
        bridge.start()
        end = time.monotonic() + chance.uniform(0, life)
        while time.monotonic() < end and bridge.running():
            time.sleep(0.002)  # the moment is the point of the test
        assert bridge.running(), bridge.tail()
        bridge.kill()
        kills += 1
        life *= 1.04
        if kills >= 5 and distinct(output) >= wanted:
            return kills
        assert kills < 200, "it makes no progress"


def distinct(output) -> int:
    return len({event["id"] for event in output.events()})


def check_all(bridge, dovecot, user: str, output, wanted: int) -> None:
    """The oracle: what the mailbox holds is what came out."""
    bridge.once()
    assert bridge.checkpoint(user) == wanted
    events = output.events()
    validity = dovecot.uidvalidity(user)
    came_out = {(event["uidValidity"], event["uid"]) for event in events}
    assert came_out == {(validity, uid) for uid in dovecot.uids(user)}
    assert len(came_out) == wanted
    for event in events:
        assert event["id"] == f"{validity}-{event['uid']}"
        assert event["subject"] == f"mail {event['uid']}"
    flags = {flag for row in dovecot.fetch(user) for flag in row["flags"]}
    assert "\\Seen" not in flags


def run(new_bridge, dovecot, user, output, chance, count: int,
        longest: float) -> None:
    dovecot.append(user, mails(count, size=4000))
    bridge = new_bridge([account(dovecot, user)], output)
    kills = crash_until_done(bridge, output, count, chance, longest)
    check_all(bridge, dovecot, user, output, count)
    repeats = output.count() - count
    print(f"{kills} kills, {repeats} repeats of {count} mails")


def test_directory(new_bridge, dovecot, user, output, chance):
    run(new_bridge, dovecot, user, output, chance, SMALL, 0.5)


def test_redis(new_bridge, dovecot, user, redis_output, chance):
    run(new_bridge, dovecot, user, redis_output, chance, SMALL, 0.5)


def test_kafka(new_bridge, dovecot, user, kafka_output, chance):
    run(new_bridge, dovecot, user, kafka_output, chance, SMALL, 1.0)


@pytest.mark.parametrize("kind", ["webhook_output", "exec_output"])
def test_without_a_server(new_bridge, dovecot, user, kind, request, chance):
    output = request.getfixturevalue(kind)
    run(new_bridge, dovecot, user, output, chance, SMALL // 3, 0.3)


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("round_", range(3))
@pytest.mark.parametrize("kind", ["output", "redis_output", "kafka_output",
                                  "webhook_output", "exec_output"])
def test_many(new_bridge, dovecot, user, kind, request, chance, round_):
    output = request.getfixturevalue(kind)
    run(new_bridge, dovecot, user, output, chance, LARGE, 0.2 + 0.3 * round_)


def test_mail_keeps_coming(new_bridge, dovecot, user, output, chance):
    """Kills while mail is delivered."""
    bridge = new_bridge([account(dovecot, user)], output)
    for first in range(1, 200, 20):
        bridge.start()
        dovecot.append(user, mails(20, first=first))
        time.sleep(chance.uniform(0, 0.3))
        bridge.kill()
    check_all(bridge, dovecot, user, output, 200)
