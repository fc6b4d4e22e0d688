"""A private Kafka broker: one node, KRaft, from .cache/kafka (see pom.xml)."""

import shutil
import subprocess
from pathlib import Path

from .process import (Missing, Server, accepts, find_program, free_port,
                      new_folder)

LIBS = Path(__file__).resolve().parents[2] / ".cache/kafka/libs"

PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{advertised}
controller.listener.names=CONTROLLER
log.dirs={folder}/data
num.partitions=3
auto.create.topics.enable=true
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=1
group.initial.rebalance.delay.ms=0
num.network.threads=1
num.io.threads=2
log.cleaner.enable=false
controlled.shutdown.enable=false
broker.session.timeout.ms=1000
broker.heartbeat.interval.ms=200
{extra}
"""

LOGGING = """\
log4j.rootLogger=INFO, out
log4j.appender.out=org.apache.log4j.ConsoleAppender
log4j.appender.out.layout=org.apache.log4j.PatternLayout
log4j.appender.out.layout.ConversionPattern=%d %p %m (%c)%n
"""


class KafkaBroker(Server):
    """extra: further lines of server.properties; advertised: the port that
    clients are sent to, where a proxy listens."""

    def __init__(self, extra: str = "", advertised: int = 0) -> None:
        super().__init__("kafka")
        self.java = find_program("java", "default-jre-headless")
        if not any(LIBS.glob("kafka_*.jar")):
            raise Missing("no Kafka broker in .cache/kafka; "
                          "run: make test-deps")
        self.folder = new_folder("kafka")
        self.port, controller = free_port(), free_port()
        self.properties = self.folder / "server.properties"
        self.properties.write_text(PROPERTIES.format(
            port=self.port, controller=controller, folder=self.folder,
            advertised=advertised or self.port, extra=extra))
        self.logging = self.folder / "log4j.properties"
        self.logging.write_text(LOGGING)
        self.format()
        self.start()

    @property
    def brokers(self) -> str:
        return f"127.0.0.1:{self.port}"

    def command(self, *args: str) -> list:
        return [self.java, "-Xms64m", "-Xmx384m", "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                f"-Dlog4j.configuration=file:{self.logging}",
                "-cp", f"{LIBS}/*", *args]

    def format(self) -> None:
        done = subprocess.run(
            self.command("kafka.tools.StorageTool", "format", "-t",
                         "bWFpbGJyaWRnZS10ZXN0cw", "-c",
                         str(self.properties)),
            capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if done.returncode != 0:
            raise RuntimeError(f"kafka format: {done.stdout}{done.stderr}")

    def start(self) -> None:
        self.spawn(self.command("kafka.Kafka", str(self.properties)),
                   self.folder / "kafka.log")
        self.wait_ready(lambda: accepts(self.port), 60)

    def restart(self) -> None:
        self.kill()
        self.start()

    def remove(self) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
