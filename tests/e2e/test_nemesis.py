"""Mail arrives steadily while bridges, mail server, Redis, the Kafka broker, a
webhook's receiver and an exec sink's program are killed, stopped and cut off at random.  In the end the sinks have what the
mailboxes have, and each once where that is promised.

NEMESIS_SECONDS (600) is for how long, MAILBRIDGE_SEED repeats the order of
events; the history of a run that failed is kept in build/nemesis-SEED.txt."""

import collections
import os
import random
import re
import smtplib
import threading
import time
from pathlib import Path

import pytest

from bridge import Bridge, account
from consumers import ExampleHandler, ExampleReceiver, kept
from mails import mail
from nemesis import Nemesis, Target
from outputs import DirectoryOutput, KafkaOutput, RedisOutput
from servers.kafkabroker import KafkaBroker
from servers.process import free_port, wait_until
from servers.proxy import Proxy
from servers.redisserver import RedisServer

SECONDS = int(os.environ.get("NEMESIS_SECONDS", 600))
SEED = int(os.environ.get("MAILBRIDGE_SEED") or random.randrange(2 ** 32))
USERS = [f"nemesis{number:02d}" for number in range(50)]
PAUSE = 0.2  # between two mails
RECOVERY = 240


class Postman(threading.Thread):
    """Delivers by LMTP until it is told to stop; sent: number to the time when
    the server took it."""

    def __init__(self, dovecot, seed: int) -> None:
        super().__init__(daemon=True)
        self.dovecot = dovecot
        self.chance = random.Random(seed)
        self.sent: dict = {}
        self.failed = 0
        self.over = threading.Event()

    def run(self) -> None:
        number = 0
        while not self.over.wait(PAUSE):
            number += 1
            data = mail(number, size=self.chance.choice((0, 3000, 60000)))
            try:
                with smtplib.LMTP("127.0.0.1", self.dovecot.port_lmtp,
                                  "localhost", timeout=5) as lmtp:
                    lmtp.sendmail("sender@example.org",
                                  [self.chance.choice(USERS)], data)
                self.sent[number] = time.time()
            except (OSError, smtplib.SMTPException):
                self.failed += 1


class Proxied:
    """A server whose clients come by a proxy."""

    def __init__(self, port: int, target: int) -> None:
        self.port = port
        self.proxy = Proxy(port, target)


def redis_ids(output) -> list:
    return [(entry["ce_source"].decode(), entry["ce_id"].decode())
            for entry in output.entries()]


def kafka_ids(output) -> list:
    found = []
    for message in output.messages():
        headers = {key: value.decode() for key, value in message.headers()}
        found.append((headers["ce_source"], headers["ce_id"]))
    return found


def directory_ids(output) -> list:
    found = []
    for path in output.files():
        validity, uid = path.stem.split("-")
        found.append((f"/mailbridge/{path.parent.parent.name}/INBOX",
                      f"{validity}-{int(uid)}"))
    return found


def kept_ids(example) -> list:
    """It passes over what it has, by a name of its own for each mail: a repeat
    under another one would be seen here."""
    return [(source, id) for _, source, id in kept(example.database)]


READ = {"kafka": kafka_ids, "redis": redis_ids, "files": directory_ids,
        "stream": redis_ids, "hook": kept_ids, "program": kept_ids}


def held(dovecot) -> set:
    """What the mailboxes hold."""
    found = set()
    for name in USERS:
        imap = dovecot.login(name)
        imap.select("INBOX", readonly=True)
        [validity] = imap.response("UIDVALIDITY")[1]
        for uid in imap.uid("search", "ALL")[1][0].split():
            found.add((f"/mailbridge/{name}/INBOX",
                       f"{validity.decode()}-{uid.decode()}"))
        imap.logout()
    return found


def latencies(postman, output) -> list:
    """From the delivery to the entry in the stream, by Redis' clock."""
    found = []
    for entry, fields in output.client.xrange(output.stream):
        number = re.search(rb'"subject":"mail (\d+)"', fields[b"data"])
        sent = postman.sent.get(int(number[1]))
        if sent is not None:
            found.append(int(entry.split(b"-")[0]) / 1000 - sent)
    return sorted(found)


@pytest.fixture
def servers(new_dovecot, folder):
    """Dovecot, Redis, Kafka and a receiver, each behind a proxy."""
    behind = free_port()
    kafka = KafkaBroker(advertised=behind)
    redis = RedisServer()
    receiver = ExampleReceiver(folder)
    dovecot = new_dovecot(clients=400)
    for name in USERS:
        dovecot.create(name, "INBOX")
    pairs = [(dovecot, Proxy(free_port(), dovecot.port_tls)),
             (redis, Proxy(free_port(), redis.port)),
             (kafka, Proxy(behind, kafka.port)),
             (receiver, Proxy(free_port(), receiver.port))]
    yield pairs
    for _, proxy in pairs:
        proxy.remove()
    redis.remove()
    kafka.remove()
    receiver.kill()


def told(seed, nemesis, postman, have, repeats, late, recovery) -> str:
    done = ", ".join(f"{count} {kind}s" for kind, count
                     in sorted(nemesis.counts.items()))
    after = ", ".join(f"{name} {seconds:.1f} s"
                      for name, seconds in recovery.items())
    at = [f"{late[int(len(late) * share)]:.2f}" for share in (0.5, 0.99)]
    return (f"MAILBRIDGE_SEED={seed}: {len(have)} mails in {SECONDS} s "
            f"({postman.failed} deliveries failed), {done}; all was there "
            f"after the end: {after}; latency of redis p50 {at[0]} s, p99 "
            f"{at[1]} s, most {late[-1]:.1f} s; repeats: {repeats}")


@pytest.mark.long
@pytest.mark.timeout(SECONDS + 900)
def test_nemesis(servers, folder, record_property):
    ((dovecot, to_dovecot), (redis, to_redis), (kafka, to_kafka),
     (receiver, to_receiver)) = servers
    handler = ExampleHandler(folder)
    sinks = {"kafka": KafkaOutput(kafka, "mail", delivery="exactly_once"),
             "redis": RedisOutput(redis, "once", delivery="exactly_once"),
             "files": DirectoryOutput(folder / "out"),
             "stream": RedisOutput(redis, "mail")}
    sections = {name: sink.section() for name, sink in sinks.items()}
    sections["kafka"]["brokers"] = f"127.0.0.1:{to_kafka.port}"
    for name in ("redis", "stream"):
        sections[name]["url"] = f"redis://127.0.0.1:{to_redis.port}/0"
    sinks["kafka"].create()
    sinks.update(hook=receiver, program=handler)
    sections.update(hook=receiver.section(to_receiver.port),
                    program=handler.section())
    targets = [Target("dovecot", dovecot, to_dovecot),
               Target("redis", redis, to_redis),
               Target("kafka", kafka, to_kafka),
               Target("receiver", receiver, to_receiver),
               Target("program", handler)]
    bridges = []
    for name, used in (("kafka", ["kafka"]), ("redis", ["redis"]),
                       ("both", ["files", "stream"]),
                       ("far", ["hook", "program"])):
        bridge = Bridge(
            folder / name,
            [account(dovecot, one, port=to_dovecot.port, sink=used)
             for one in USERS],
            {key: sections[key] for key in used}, retry={
                "first_seconds": 0, "then": [1, 2, 5], "attempts": 0})
        targets.append(Target(f"bridge {name}", bridge))
        bridges.append(bridge)
        bridge.start()
    handler.bridge = bridges[-1]
    for bridge in bridges:
        bridge.wait_state(("idle",), seconds=120)
    print(f"MAILBRIDGE_SEED={SEED}")
    nemesis = Nemesis(SEED, targets)
    postman = Postman(dovecot, SEED)
    postman.start()
    try:
        nemesis.run(SECONDS)
        postman.over.set()
        postman.join(30)
        ended = time.monotonic()
        have = held(dovecot)
        assert len(have) >= len(postman.sent)
        recovery = {}  # of each sink: seconds until it had all

        def complete() -> bool:
            for name, sink in sinks.items():
                if name not in recovery and set(READ[name](sink)) >= have:
                    recovery[name] = time.monotonic() - ended
            return len(recovery) == len(sinks)

        try:
            wait_until(complete, RECOVERY, "all mails", step=0.2)
        except TimeoutError:
            pass  # told below, by name
        for bridge in bridges:
            assert bridge.terminate(60) == 0, bridge.tail()
        found = {name: READ[name](sink) for name, sink in sinks.items()}
        for name, ids in found.items():
            assert set(ids) == have, (name, sorted(have ^ set(ids))[:20])
        repeats = {name: sum(collections.Counter(ids).values()) - len(have)
                   for name, ids in found.items()}
        assert not any(repeats[name] for name in repeats if name != "stream")
        for bridge in bridges:
            bridge.finish()
    except BaseException:
        kept = Path(__file__).resolve().parents[2] / f"build/nemesis-{SEED}.txt"
        kept.write_text("\n".join(nemesis.history) + "\n")
        print(f"the history is kept in {kept}")
        raise
    finally:
        for bridge in bridges:
            bridge.kill()
        postman.over.set()
    text = told(SEED, nemesis, postman, have, repeats,
                latencies(postman, sinks["redis"]), recovery)
    print(text)
    record_property("told", text)
