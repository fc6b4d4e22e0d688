"""The sink contract of tests/unit/sink_contract.c for Kafka's exactly_once: it
wants a real broker."""

import os
import socket
import subprocess
import threading

import pytest
from confluent_kafka.admin import AdminClient, NewTopic

from bridge import ROOT
from servers.kafkabroker import KafkaBroker

PROGRAM = ROOT / "build/asan/unit/test_sinks_kafka"


def obey(control: socket.socket, broker: KafkaBroker) -> None:
    """End the broker, start it, and make topics, as the program says."""
    while line := control.recv(100).decode():
        command, *topics = line.split()
        if command == "lose":
            broker.kill()
        elif command == "regain":
            broker.start()
        for topic in topics:
            make(broker, topic)
        control.sendall(b".")


def make(broker: KafkaBroker, topic: str) -> None:
    admin = AdminClient({"bootstrap.servers": broker.brokers, "log_level": 0})
    new = NewTopic(topic, num_partitions=3, replication_factor=1)
    admin.create_topics([new])[topic].result(30)


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_exactly_once(kafka):
    if not PROGRAM.is_file():
        pytest.fail(f"{PROGRAM} is not built; run: make unit")
    ours, theirs = socket.socketpair()
    thread = threading.Thread(target=obey, args=(ours, kafka), daemon=True)
    thread.start()
    try:
        done = subprocess.run(
            [str(PROGRAM)], capture_output=True, text=True, timeout=900,
            pass_fds=[theirs.fileno()],
            env={**os.environ, "KAFKA_BROKERS": kafka.brokers,
                 "KAFKA_CONTROL": str(theirs.fileno()),
                 "LSAN_OPTIONS": f"suppressions={ROOT}/tests/tools/lsan.supp"})
    finally:
        theirs.close()
        thread.join(60)
    print(done.stdout, done.stderr)
    assert done.returncode == 0
    output = done.stderr + done.stdout
    assert "[  PASSED  ] 14 test(s)." in output  # the contract
    assert "[  PASSED  ] 2 test(s)." in output
