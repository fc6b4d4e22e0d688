"""docs/consumers: each of them reads what mailbridge published, prints a mail
once though it is published again, and goes on after a crash."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bridge import ROOT, account
from mails import mail, mails
from servers.process import Missing, Server, find_program, new_folder

CONSUMERS = ROOT / "docs/consumers"
NODE = ROOT / ".cache/consumer-node/node_modules"
JAVA = ROOT / ".cache/consumer-java/libs"


class Consumer(Server):
    """One of them, in a folder of its own."""

    def __init__(self, folder: Path, *command: str) -> None:
        super().__init__("consumer")
        self.folder = folder
        self.command = command
        self.crashes = True
        self.log = folder / "out.txt"

    def start(self) -> None:
        self.spawn([*self.command], self.log, cwd=self.folder)

    def printed(self) -> list:
        """The subjects: lines "<id> <subject>"."""
        return re.findall(r"^\d+-\d+ (.*)$", self.log.read_text(), re.M)

    def wait_printed(self, count: int) -> None:
        self.wait_ready(lambda: len(self.printed()) >= count, 60)


def python(folder: Path, output) -> Consumer:
    return Consumer(folder, sys.executable, str(CONSUMERS / "consumer.py"),
                    output.server.url, output.stream)


def node(folder: Path, output) -> Consumer:
    if not NODE.is_dir():
        raise Missing("no packages for consumer.mjs; run: make test-deps")
    # It looks for its packages beside itself.
    (folder / "node_modules").symlink_to(NODE)
    (folder / "consumer.mjs").write_bytes(
        (CONSUMERS / "consumer.mjs").read_bytes())
    consumer = Consumer(folder, find_program("node", "nodejs"), "consumer.mjs",
                        output.broker.brokers, output.topic)
    # Kafka waits 30 s for one that crashed, as kafkajs has no static members.
    consumer.crashes = False
    return consumer


def java(folder: Path, output) -> Consumer:
    if not JAVA.is_dir():
        raise Missing("no libraries for Consumer.java; run: make test-deps")
    path = f".:{JAVA}/*"
    subprocess.run([find_program("javac", "default-jdk-headless"), "-cp", path,
                    "-d", str(folder), str(CONSUMERS / "Consumer.java")],
                   check=True)
    return Consumer(folder, find_program("java", "default-jdk-headless"),
                    "-XX:TieredStopAtLevel=1", "-cp", path, "Consumer",
                    output.broker.brokers, output.topic)


def made(make, folder: Path, output) -> Consumer:
    try:
        return make(folder, output)
    except Missing as error:
        if os.environ.get("CI"):
            pytest.fail(str(error))
        pytest.skip(str(error))


def run(make, folder: Path, output, new_bridge, dovecot, user, **envelope):
    path = folder / "consumer"
    path.mkdir()
    consumer = made(make, path, output)
    dovecot.append(user, mails(3))
    bridge = new_bridge([account(dovecot, user)], output, envelope=envelope)
    bridge.once()
    consumer.start()
    try:
        consumer.wait_printed(3)
        # Published again, under the same ids; and one more mail.
        done = bridge.command("checkpoint", "reset", "--account", user,
                              "--mailbox", "INBOX")
        assert done.returncode == 0, done.stderr
        dovecot.append(user, [mail(4)])
        bridge.once()
        assert output.count() == 7
        consumer.wait_printed(4)
        consumer.kill() if consumer.crashes else consumer.stop()
        dovecot.append(user, [mail(5)])
        bridge.once()
        consumer.start()
        consumer.wait_printed(5)
        assert sorted(consumer.printed()) == [
            f"mail {number}" for number in range(1, 6)]
    finally:
        consumer.kill()


def test_python_from_redis(folder, redis_output, new_bridge, dovecot, user):
    run(python, folder, redis_output, new_bridge, dovecot, user)


@pytest.mark.parametrize("make, mode", [(node, "binary"),
                                        (java, "structured")])
def test_sdk_from_kafka(folder, kafka_output, new_bridge, dovecot, user, make,
                        mode):
    run(make, folder, kafka_output, new_bridge, dovecot, user,
        cloudevents=mode)


@pytest.mark.parametrize("name", ["consumer.py", "consumer.mjs",
                                  "Consumer.java"])
def test_they_are_short(name):
    assert len((CONSUMERS / name).read_text().splitlines()) < 40
