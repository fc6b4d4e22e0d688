"""Connections that go silent: each wait has its end, and mail comes out."""

import ctypes
import os
import signal
import socket
import time

import pytest

from bridge import account
from conftest import real
from mails import mail
from servers.fakeimap import FakeImap
from servers.netns import Netns
from servers.process import free_port

TCP_USER_TIMEOUT = 18  # Python has no name for it before 3.12
SYS_PIDFD_GETFD = 438


@pytest.fixture
def netns():
    made = real(Netns)
    yield made
    made.remove()


@pytest.fixture
def beyond(netns, new_dovecot, new_bridge, user, output):
    """A server, and a bridge in another network, in IDLE."""
    dovecot = new_dovecot(listen=f"127.0.0.1, {netns.near}",
                          certificate=f"DNS:localhost,IP:{netns.near}")
    dovecot.create(user, "INBOX")
    bridge = new_bridge([account(dovecot, user, host=netns.near,
                                 idle_seconds=3, command_seconds=5)], output)
    bridge.launcher = netns.launcher
    bridge.start()
    bridge.wait_state(("idle",))
    return dovecot, bridge


def sockets(pid: int) -> list:
    """The TCP sockets of a process, as sockets of ours."""
    if os.geteuid() != 0:
        pytest.skip("only root can look at the daemon's sockets")
    libc = ctypes.CDLL(None, use_errno=True)
    process = os.pidfd_open(pid)
    found = []
    for name in os.listdir(f"/proc/{pid}/fd"):
        if not os.readlink(f"/proc/{pid}/fd/{name}").startswith("socket:"):
            continue
        fd = libc.syscall(SYS_PIDFD_GETFD, process, int(name), 0)
        assert fd != -1, os.strerror(ctypes.get_errno())
        made = socket.socket(fileno=fd)
        if made.family in (socket.AF_INET, socket.AF_INET6):
            found.append(made)
    os.close(process)
    return found


def test_a_half_open_connection_is_noticed(bridge, dovecot, user):
    """By the kernel: it probes, and gives up what is not acknowledged."""
    dovecot.create(user, "INBOX")
    bridge.start()
    bridge.wait_state(("idle",))
    found = sockets(bridge.process.pid)
    assert len(found) == 1
    for level, option, value in (
            (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
            (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 120),
            (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 30),
            (socket.IPPROTO_TCP, TCP_USER_TIMEOUT, 60_000)):
        assert found[0].getsockopt(level, option) == value
    found[0].detach()


@pytest.mark.long
def test_a_router_that_forgets(netns, beyond, user, output):
    """Packets of the old connection are lost, new ones get through: as behind
    an address translation that forgot it."""
    dovecot, bridge = beyond
    port, = netns.ports(dovecot.port_tls)
    netns.drop(f"tcp dport {port}")
    dovecot.deliver(user, mail(1))
    start = time.monotonic()
    bridge.wait(lambda: output.count() == 1, what="the mail")
    assert time.monotonic() - start < 3 + 5 + 2
    bridge.wait_log("IDLE: no answer from the server within 5 s")


@pytest.mark.long
def test_a_network_that_is_away(netns, beyond, user, output):
    """All packets are lost for a while, those of new connections too."""
    dovecot, bridge = beyond
    netns.drop(f"tcp sport {dovecot.port_tls}")
    dovecot.deliver(user, mail(1))
    bridge.wait_log(f"connect to {netns.near}:.*(timeout|timed out) after",
                    60)
    netns.heal()
    bridge.wait(lambda: output.count() == 1, 45, "the mail")


@pytest.mark.long
def test_a_server_that_is_stopped(new_dovecot, new_bridge, user, output):
    """Its kernel still takes connections and octets; nobody reads them."""
    dovecot = new_dovecot()
    dovecot.create(user, "INBOX")
    bridge = new_bridge([account(dovecot, user, idle_seconds=3,
                                 command_seconds=5)], output)
    bridge.start()
    bridge.wait_state(("idle",))
    dovecot.signal_group(signal.SIGSTOP)
    try:
        bridge.wait_log("IDLE: no answer from the server within 5 s", 15)
        bridge.wait_log("connect to localhost.*(timeout|timed out) after", 45)
    finally:
        dovecot.signal_group(signal.SIGCONT)
    dovecot.deliver(user, mail(1))
    bridge.wait(lambda: output.count() == 1, 45, "the mail")


def full_port() -> tuple:
    """A port whose queue is full: no connection gets as far as that."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", free_port()))
    listener.listen(0)
    waiting = []
    for _ in range(4):
        client = socket.socket()
        client.setblocking(False)
        client.connect_ex(listener.getsockname())
        waiting.append(client)
    return listener.getsockname()[1], [listener, *waiting]


@pytest.mark.long
def test_no_connection_no_tls_no_greeting(imap, fake_account, new_bridge,
                                          output):
    """Each of them ends after 30 s; meanwhile others get their mail."""
    silent = FakeImap()
    silent.greeting = "-- hole"
    port, held = full_port()
    try:
        bridge = new_bridge([
            fake_account("connect", port=port),
            fake_account("tls", port=silent.port, tls="implicit",
                         host="localhost"),
            fake_account("greeting", port=silent.port),
            fake_account("calm")], output)
        bridge.start()
        imap.wait_said("IDLE")
        start = time.monotonic()
        imap.deliver(mail(1))
        bridge.wait(lambda: output.count() == 1, 10, "the mail")
        for name in ("connect", "tls", "greeting"):
            bridge.wait_log(rf"{name}/INBOX: connect to .*tim", 45)
        assert 25 < time.monotonic() - start < 40
    finally:
        silent.close()
        for each in held:
            each.close()
