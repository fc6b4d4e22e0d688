"""Where events go, read back by independent means.  Whatever is read is held
against the schemas; check(), at the end of each test, does so with the rest."""

import base64
import contextlib
import re
import sqlite3
import sys
from pathlib import Path
from urllib.parse import unquote

from cloudevents.core.bindings.http import HTTPMessage, from_http_event
from standardwebhooks import Webhook

from bridge import ROOT, schemas

made: list = []  # all of the test that runs


PARTITION_EOF = -191  # KafkaError._PARTITION_EOF


class DirectoryOutput:
    """PATH/ACCOUNT/MAILBOX/UIDVALIDITY-UID.json"""

    def __init__(self, path: Path) -> None:
        self.path = path
        made.append(self)

    def section(self) -> dict:
        return {"type": "directory", "path": str(self.path)}

    def files(self) -> list:
        return sorted(path for path in self.path.glob("*/*/*")
                      if path.parts[len(self.path.parts)] != ".tmp")

    def events(self) -> list:
        """All of them; a file that is not whole JSON fails the test, and so
        does a name that does not fit what is inside."""
        events = []
        for path in self.files():
            event = schemas.check(path.read_bytes())
            data = event.get("data", event)
            imap = data.get("imap", data)
            epoch = "".join(data["id"].rpartition("-")[1:]
                            ) if data["id"].count("-") == 2 else ""
            name = f"{imap['uidValidity']}-{imap['uid']:010d}{epoch}.json"
            assert path.name == name
            assert path.parent.parent.name == imap["account"]
            assert unquote(path.parent.name) == imap["mailbox"]
            events.append(event)
        return events

    def resets(self) -> list:
        """What is told of mailboxes that were numbered anew."""
        found = []
        for path in sorted(self.path.glob(".resets/*.json")):
            event = schemas.check(path.read_bytes())
            data = event.get("data", event)
            assert unquote(path.stem) == (
                f"{data['account']}/{data['mailbox']}+{data['id']}")
            found.append(data)
        return found

    def count(self) -> int:
        return len(self.files())

    def check(self) -> None:
        for path in self.files():
            if re.fullmatch(r"\d+-\d+.*\.json", path.name):
                schemas.check(path.read_bytes())


class StdoutOutput:
    """One event a line; needs bridge.command()."""

    def section(self) -> dict:
        return {"type": "stdout"}

    def events(self, text: str) -> list:
        return [schemas.check(line.encode()) for line in text.splitlines()]


class RedisOutput:
    """A stream; needs the package redis."""

    def __init__(self, server, stream: str, **settings) -> None:
        import redis
        self.server = server
        self.stream = stream
        self.settings = settings
        self.client = redis.Redis(port=server.port,
                                  password=server.password or None)
        made.append(self)

    def section(self) -> dict:
        return {"type": "redis", "url": self.server.url,
                "stream": self.stream, **self.settings}

    def entries(self) -> list:
        return [{key.decode(): value for key, value in fields.items()}
                for _, fields in self.client.xrange(self.stream)]

    def events(self) -> list:
        return [self.event(entry) for entry in self.entries()]

    def event(self, entry: dict) -> dict:
        beside = {key: value.decode() for key, value in entry.items()
                  if key != "data"}
        return schemas.check_beside(entry["data"], beside)

    def count(self) -> int:
        return self.client.xlen(self.stream)

    def check(self) -> None:
        if self.server.running():
            self.events()


class KafkaOutput:
    """A topic, read by confluent-kafka, which checks the CRC of each batch."""

    def __init__(self, broker, topic: str, **settings) -> None:
        self.broker = broker
        self.topic = topic
        self.settings = settings
        made.append(self)

    def section(self) -> dict:
        return {"type": "kafka", "brokers": self.broker.brokers,
                "topic": self.topic, **self.settings}

    def consumer(self):
        from confluent_kafka import Consumer
        return Consumer({
            "bootstrap.servers": self.broker.brokers, "group.id": "tests",
            "enable.auto.commit": False, "check.crcs": True,
            "isolation.level": "read_committed", "log_level": 0,
            "enable.partition.eof": True})

    def create(self, partitions: int = 3) -> None:
        """Make the topic now: its first use is slower otherwise."""
        from confluent_kafka.admin import AdminClient, NewTopic
        admin = AdminClient({"bootstrap.servers": self.broker.brokers,
                             "log_level": 0})
        topic = NewTopic(self.topic, num_partitions=partitions,
                         replication_factor=1)
        admin.create_topics([topic])[self.topic].result(30)

    def remove(self) -> None:
        """With the checkpoints beside it, if there are any."""
        from confluent_kafka.admin import AdminClient
        admin = AdminClient({"bootstrap.servers": self.broker.brokers,
                             "log_level": 0})
        there = admin.list_topics(timeout=30).topics
        gone = [topic for topic in (self.topic, f"{self.topic}-checkpoints")
                if topic in there]
        for done in admin.delete_topics(gone).values():
            done.result(30)

    def ends(self, consumer) -> dict:
        """{partition: where it ends}, of those that have something."""
        from confluent_kafka import TopicPartition
        topic = consumer.list_topics(self.topic, 30).topics[self.topic]
        found = {}
        for number in topic.partitions:
            place = TopicPartition(self.topic, number, 0)
            low, high = consumer.get_watermark_offsets(place, 30)
            if high > low:
                found[number] = high
        return found

    def messages(self) -> list:
        """Every message from the first to what is the last one now."""
        from confluent_kafka import TopicPartition
        consumer = self.consumer()
        try:
            wanted = self.ends(consumer)
            consumer.assign([TopicPartition(self.topic, number, 0)
                             for number in wanted])
            return list(self.read(consumer, wanted))
        finally:
            consumer.close()

    def read(self, consumer, wanted: dict):
        """Until each partition was read up to its wanted offset, or where the
        first open transaction begins."""
        while wanted:
            message = consumer.poll(30)
            assert message is not None, f"{self.topic}: no end reached"
            if (message.error() is not None
                    and message.error().code() == PARTITION_EOF):
                wanted.pop(message.partition(), None)
                continue
            assert message.error() is None, message.error()
            if message.partition() in wanted:
                yield message
                if message.offset() + 1 >= wanted[message.partition()]:
                    del wanted[message.partition()]

    def events(self) -> list:
        return [self.event(message) for message in self.messages()]

    def event(self, message) -> dict:
        beside = {key: value.decode() for key, value in message.headers()}
        return schemas.check_beside(message.value(), beside)

    def check(self) -> None:
        if self.broker.running():
            self.events()

    def count(self) -> int:
        """Of transactions there are more offsets than messages."""
        if self.settings.get("delivery") == "exactly_once":
            return len(self.messages())
        consumer = self.consumer()
        try:
            return sum(self.ends(consumer).values())
        finally:
            consumer.close()


WEBHOOK_SECRET = "whsec_" + base64.b64encode(
    b"of a webhook, 32 octets long....").decode()


class WebhookOutput:
    """What a receiver took, seen by the reference libraries of CloudEvents and
    of Standard Webhooks."""

    def __init__(self, receiver, secret: str, **settings) -> None:
        self.receiver = receiver
        self.secret = secret  # a file
        self.settings = settings
        made.append(self)

    def section(self) -> dict:
        return {"type": "webhook", "url": self.receiver.url,
                "secret": {"file": self.secret}, **self.settings}

    def events(self) -> list:
        return [self.event(request) for request in self.receiver.accepted()]

    def event(self, request) -> dict:
        Webhook(WEBHOOK_SECRET).verify(request.body, request.headers)
        beside = {name.replace("ce-", "ce_"): unquote(value)
                  for name, value in request.headers.items()
                  if name.startswith("ce-") or name == "content-type"}
        event = schemas.check_beside(request.body, beside)
        schemas.check_request(request.headers)
        if "ce_id" in beside or "specversion" in event:
            seen = from_http_event(HTTPMessage(request.headers, request.body))
            inner = event.get("data", event)
            assert seen.get_data() == inner
            assert seen.get_id().startswith(inner["id"])
            assert seen.get_source() == event.get(
                "source", beside.get("ce_source"))
        return event

    def count(self) -> int:
        return len(self.receiver.accepted())

    def check(self) -> None:
        self.events()


class ExecOutput:
    """docs/consumers/handler.py and its database."""

    def __init__(self, folder: Path, **settings) -> None:
        self.path = folder / "mails.db"
        self.settings = settings
        made.append(self)

    def section(self) -> dict:
        return {"type": "exec", "command": [
            sys.executable, str(ROOT / "docs/consumers/handler.py"),
            str(self.path)], **self.settings}

    def events(self) -> list:
        if not self.path.exists():
            return []
        with contextlib.closing(sqlite3.connect(self.path)) as database:
            if not database.execute("SELECT * FROM sqlite_schema").fetchall():
                return []  # the program has just begun
            return [schemas.check(line.encode()) for line, in
                    database.execute("SELECT event FROM mails")]

    def count(self) -> int:
        return len(self.events())

    def check(self) -> None:
        self.events()
