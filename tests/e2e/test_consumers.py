"""docs/consumers: each of them reads what mailbridge published, prints a mail
once though it is published again, and goes on after a crash."""

import os
import re
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from bridge import ROOT, account
from mails import mail, mails
from outputs import WEBHOOK_SECRET
from servers.process import (
    Missing, Server, accepts, find_program, free_port, new_folder)

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
        self.environment: dict = {}
        self.log = folder / "out.txt"

    def start(self) -> None:
        self.spawn([*self.command], self.log, cwd=self.folder,
                   env={**os.environ, **self.environment})

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


def test_receiver(folder, webhook_output, new_bridge, dovecot, user):
    """Killed in between; of a forged request it keeps nothing."""
    port = free_port()
    webhook_output.settings["url"] = f"http://127.0.0.1:{port}/"
    path = folder / "consumer"
    path.mkdir()
    receiver = Consumer(path, sys.executable, str(CONSUMERS / "receiver.py"),
                        str(port), "mails.db")
    receiver.environment = {"WEBHOOK_SECRET": WEBHOOK_SECRET}
    receiver.start()
    try:
        receiver.wait_ready(lambda: accepts(port), 20)
        forged = urllib.request.Request(
            webhook_output.settings["url"], b"{}", {
                "webhook-id": "msg_1", "webhook-timestamp": str(int(time.time())),
                "webhook-signature": "v1,AAAA"})
        with pytest.raises(urllib.error.HTTPError, match="401"):
            urllib.request.urlopen(forged, timeout=20)
        dovecot.append(user, mails(3))
        bridge = new_bridge([account(dovecot, user)], webhook_output).start()
        receiver.wait_printed(3)
        receiver.kill()
        dovecot.append(user, mails(2, first=4))
        bridge.wait_log("mail waits on its server")
        receiver.start()
        receiver.wait_printed(5)
        assert bridge.terminate() == 0
        assert receiver.printed() == [f"mail {n}" for n in range(1, 6)]
    finally:
        receiver.kill()


@pytest.mark.parametrize("name", ["consumer.py", "consumer.mjs", "receiver.py",
                                  "Consumer.java", "handler.py"])
def test_they_are_short(name):
    lines = len((CONSUMERS / name).read_text().splitlines())
    assert lines < (20 if name == "handler.py" else 40)
