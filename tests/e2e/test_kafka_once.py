"""Kafka with delivery: exactly_once, on a real broker.  The consumer reads what
is committed."""

import itertools
import json
import random
import shutil
import signal
import subprocess
import time

import pytest

from bridge import account
from faults import Faults
from mails import mail, mails
from twins import check_owner_is_left_alone, check_two_bridges, uids


@pytest.fixture
def once(kafka_output):
    kafka_output.settings["delivery"] = "exactly_once"
    return kafka_output


def checkpoints(output) -> dict:
    """{key: value} of the checkpoint topic, with an ordinary tool."""
    kcat = shutil.which("kcat")
    if kcat is None:
        pytest.skip("kcat is not installed")
    out = subprocess.run(
        [kcat, "-C", "-b", output.broker.brokers, "-t",
         f"{output.topic}-checkpoints", "-o", "beginning", "-e", "-q", "-X",
         "isolation.level=read_committed", "-f", "%k\\t%s\\n"],
        capture_output=True, text=True, timeout=60, check=True).stdout
    return {key: json.loads(value) for key, value in
            (line.split("\t") for line in out.splitlines())}


def test_each_once(new_bridge, dovecot, user, once):
    dovecot.append(user, mails(300))
    bridge = new_bridge([account(dovecot, user)], once)
    bridge.once()
    assert uids(once) == list(range(1, 301))
    dovecot.append(user, mails(5, first=301))
    bridge.once()
    assert uids(once) == list(range(1, 306))
    assert bridge.checkpoint(user) == 305
    mark = checkpoints(once)[f"{user}/INBOX"]
    assert len(mark.pop("recent")) > 0
    assert mark == {"account": user, "mailbox": "INBOX", "uid": 305,
                    "uidValidity": dovecot.uidvalidity(user), "above": "",
                    "epoch": 0}


def test_while_idle(new_bridge, dovecot, user, once):
    dovecot.create(user, "INBOX")
    bridge = new_bridge([account(dovecot, user)], once)
    bridge.start()
    bridge.wait_state(("idle",))
    for number in (1, 2):
        dovecot.deliver(user, mail(number))
        bridge.wait(lambda: once.count() >= number, what="the message")
    assert bridge.terminate() == 0
    assert uids(once) == [1, 2]


def test_killed_again_and_again(new_bridge, dovecot, user, once):
    chance = random.Random(random.SystemRandom().randrange(1 << 32))
    count = 600
    dovecot.append(user, mails(count, size=4000))
    bridge = new_bridge([account(dovecot, user)], once)
    for _ in range(6):
        bridge.start()
        time.sleep(chance.uniform(0.1, 1.5))  # the moment is the test
        bridge.kill()
    bridge.once()
    assert sorted(uids(once)) == list(range(1, count + 1))
    assert bridge.checkpoint(user) == count


def test_state_directory_lost(new_bridge, dovecot, user, once):
    """It goes on where the topic says, not at "now" and not from the start."""
    dovecot.append(user, mails(20))
    bridge = new_bridge([account(dovecot, user)], once)
    bridge.once()
    shutil.rmtree(bridge.folder / "state")
    bridge.config["accounts"][0]["start"] = "now"
    bridge.write()
    dovecot.append(user, mails(5, first=21))
    bridge.once()
    assert uids(once) == list(range(1, 26))
    assert bridge.checkpoint(user) == 25


def test_set_back_by_hand(new_bridge, dovecot, user, once):
    """checkpoint set counts more than what the sink had stored before."""
    dovecot.append(user, mails(10))
    bridge = new_bridge([account(dovecot, user)], once)
    bridge.once()
    done = bridge.command("checkpoint", "set", "--account", user, "--mailbox",
                          "INBOX", "--uid", "7")
    assert done.returncode == 0, done.stderr
    bridge.once()
    assert uids(once) == [*range(1, 11), 8, 9, 10]
    bridge.once()
    assert once.count() == 13


def test_broker_restarts(new_bridge, dovecot, user, once):
    dovecot.append(user, mails(50))
    bridge = new_bridge([account(dovecot, user)], once)
    bridge.start()
    bridge.wait(lambda: once.count() > 0, what="the first")
    for round_ in range(3):
        dovecot.append(user, mails(50, first=51 + 50 * round_))
        once.broker.restart()
    bridge.wait(lambda: bridge.checkpoint(user) == 200, 90, "all of it")
    assert bridge.terminate() == 0
    assert sorted(uids(once)) == list(range(1, 201))


@pytest.mark.long
def test_broker_frozen(new_bridge, dovecot, user, once):
    """Longer than a transaction may last: the broker aborts it then."""
    once.settings["properties"] = {"transaction.timeout.ms": 3000,
                                   "socket.timeout.ms": 2000}
    dovecot.append(user, mails(20))
    bridge = new_bridge([account(dovecot, user)], once)
    bridge.start()
    bridge.wait(lambda: once.count() == 20, what="the first")
    once.broker.signal_group(signal.SIGSTOP)
    try:
        dovecot.append(user, mails(20, first=21))
        bridge.wait_log("mail waits on its server", 60)
        time.sleep(5)
    finally:
        once.broker.signal_group(signal.SIGCONT)
    bridge.wait(lambda: bridge.checkpoint(user) == 40, 90, "all of it")
    assert bridge.terminate() == 0
    assert sorted(uids(once)) == list(range(1, 41))


@pytest.mark.long
def test_bridge_frozen(new_bridge, dovecot, user, once):
    """Nobody else has taken over: it goes on by itself."""
    once.settings["properties"] = {"transaction.timeout.ms": 2000}
    dovecot.create(user, "INBOX")
    bridge = new_bridge([account(dovecot, user)], once)
    bridge.start()
    bridge.wait_state(("idle",))
    for first in range(1, 60, 20):
        dovecot.append(user, mails(20, first=first))
        bridge.wait(lambda: once.count() >= first, what="some of it")
        bridge.signal_group(signal.SIGSTOP)
        time.sleep(4)
        bridge.signal_group(signal.SIGCONT)
    bridge.wait(lambda: bridge.checkpoint(user) == 60, 60, "all of it")
    assert bridge.terminate() == 0
    assert sorted(uids(once)) == list(range(1, 61))


def test_two_bridges(new_bridge, dovecot, user, once):
    check_two_bridges(new_bridge, dovecot, user, once,
                      "another mailbridge .* works under the transactional_id")


def test_check_and_replay_leave_the_owner_alone(new_bridge, dovecot, user,
                                                once):
    check_owner_is_left_alone(new_bridge, dovecot, user, once)


def test_too_large_for_the_topic(new_bridge, dovecot, user, once):
    """The broker's limit is below the sink's: the one at fault is refused and
    does not keep the others."""
    from confluent_kafka.admin import (
        AdminClient, AlterConfigOpType as OperationType, ConfigEntry,
        ConfigResource, ResourceType)
    admin = AdminClient({"bootstrap.servers": once.broker.brokers,
                         "log_level": 0})
    limit = ConfigResource(ResourceType.TOPIC, once.topic,
                           incremental_configs=[ConfigEntry(
                               "max.message.bytes", "20000",
                               incremental_operation=OperationType.SET)])
    admin.incremental_alter_configs([limit])[limit].result(30)
    dovecot.append(user, mails(10) + mails(1, first=11, size=90_000)
                   + mails(10, first=12))
    once.settings["properties"] = {"compression.type": "none"}
    bridge = new_bridge([account(dovecot, user)], once)
    bridge.once()
    assert sorted(uids(once)) == [n for n in range(1, 22) if n != 11]
    assert bridge.checkpoint(user) == 21


def test_checkpoint_topic_that_forgets(new_bridge, dovecot, user, once):
    """One with another cleanup.policy is refused in words."""
    from outputs import KafkaOutput
    KafkaOutput(once.broker, f"{once.topic}-checkpoints").create()
    dovecot.append(user, mails(1))
    bridge = new_bridge([account(dovecot, user)], once)
    bridge.start()
    bridge.wait_log("cleanup.policy is delete: checkpoints would be forgotten")
    assert once.count() == 0
    assert bridge.terminate() == 0


STEPS = ("kafka-init", "kafka-begin", "kafka-report", "kafka-commit",
         "sqlite-commit")


@pytest.fixture
def killed(new_bridge, dovecot, user, once, folder):
    """killed(n, action): a new run into an empty topic that dies at the n-th
    of the steps, then one that ends; the steps that it made."""
    count = 5
    dovecot.append(user, mails(count))
    numbers = itertools.count(1)

    def run(number: int, action: str) -> list:
        once.topic = f"{user}-{next(numbers)}"
        once.create()
        bridge = new_bridge([account(dovecot, user)], once)
        bridge.faults = Faults(folder / "calls.txt", calls=STEPS).at(
            number, action)
        bridge.start("--once")
        bridge.wait_exit()
        calls = bridge.faults.made()
        bridge.faults = None
        bridge.once()
        assert uids(once) == list(range(1, count + 1)), (number, action)
        assert bridge.checkpoint(user) == count
        return calls

    return run


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_killed_at_each_step(killed):
    calls = killed(0, "")
    assert {"kafka-init", "kafka-commit", "sqlite-commit"} <= {
        call.name for call in calls}
    for call in calls:
        for action in ("kill-before", "kill-after"):
            assert any(made.hit for made in killed(call.number, action)), call
