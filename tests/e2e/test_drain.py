"""SIGTERM: stop reading, wait for the acks, commit, leave with 0."""

import signal
import socket

import pytest

from bridge import account
from mails import mails


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_was_published_is_committed(bridge, dovecot, user, output,
                                         number):
    dovecot.append(user, mails(300, size=5000))
    bridge.start()
    bridge.wait(lambda: output.count() >= 20, what="20 files")
    bridge.process.send_signal(number)
    assert bridge.wait_exit() == 0
    published = output.count()
    assert bridge.checkpoint(user) == published
    bridge.once()
    assert output.count() == 300


def test_idle_daemon_stops_at_once(bridge, dovecot, user, output):
    dovecot.create(user, "INBOX")
    bridge.start()
    bridge.wait_state(("idle",))
    assert bridge.terminate(5) == 0


def test_while_connecting(new_bridge, new_dovecot, user, output):
    dead = new_dovecot()
    dead.process.send_signal(signal.SIGSTOP)
    bridge = new_bridge([account(dead, user)], output)
    bridge.start()
    bridge.wait_state(("connecting",))
    try:
        assert bridge.terminate(15) == 0
    finally:
        dead.process.send_signal(signal.SIGCONT)


def test_second_signal_ends_at_once(new_bridge, dovecot, user, redis_output):
    """The sink hangs, so the drain waits; the second signal does not."""
    dovecot.append(user, mails(3))
    bridge = new_bridge([account(dovecot, user)], redis_output)
    bridge.start()
    bridge.wait(lambda: redis_output.count() == 3, what="three entries")
    redis_output.server.process.send_signal(signal.SIGSTOP)
    try:
        dovecot.append(user, mails(3, first=4))
        bridge.wait_state(("catching-up", "idle"))
        bridge.process.send_signal(signal.SIGTERM)
        bridge.wait_log("draining")  # two that wait are one to the kernel
        bridge.process.send_signal(signal.SIGTERM)
        bridge.wait_exit(5)
    finally:
        redis_output.server.process.send_signal(signal.SIGCONT)
    bridge.once()
    assert {event["uid"] for event in redis_output.events()} == set(
        range(1, 7))


def test_while_a_server_is_silent(new_bridge, new_dovecot, dovecot, user,
                                  output):
    """It accepts and never greets: the stop does not wait for it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        silent = account(dovecot, user, tls="none", tls_ca=None,
                         host="127.0.0.1", port=listener.getsockname()[1])
        bridge = new_bridge([silent], output)
        bridge.start()
        listener.settimeout(20)
        peer, _ = listener.accept()
        with peer:
            assert bridge.terminate(10) == 0
