"""Servers and connections die; mail is found afterwards."""

import pytest

from bridge import account
from mails import mail, mails
from servers.process import free_port
from servers.proxy import Proxy


def test_server_restarted(new_bridge, new_dovecot, user, output):
    dovecot = new_dovecot()
    dovecot.append(user, mails(2))
    bridge = new_bridge([account(dovecot, user)], output)
    bridge.start()
    bridge.wait_state(("idle",))
    dovecot.stop()
    bridge.wait_state(("backing-off", "connecting"))
    dovecot.start()
    dovecot.append(user, [mail(3)])
    bridge.wait(lambda: output.count() == 3, what="the third mail")
    bridge.wait_state(("idle",))
    dovecot.deliver(user, mail(4))
    bridge.wait(lambda: output.count() == 4, what="the fourth mail")


def test_server_killed_hard(new_bridge, new_dovecot, user, output):
    dovecot = new_dovecot()
    dovecot.create(user, "INBOX")
    bridge = new_bridge([account(dovecot, user)], output)
    bridge.start()
    bridge.wait_state(("idle",))
    dovecot.kill()
    dovecot.start()
    dovecot.append(user, [mail(1)])
    bridge.wait(lambda: output.count() == 1, what="the mail")


def test_connection_cut_in_idle(bridge, dovecot, user, output):
    dovecot.create(user, "INBOX")
    bridge.start()
    bridge.wait_state(("idle",))
    for number in range(1, 4):
        dovecot.kick(user)
        dovecot.append(user, [mail(number)])
        bridge.wait(lambda: output.count() == number, what=f"mail {number}")
    assert [event["uid"] for event in output.events()] == [1, 2, 3]


def test_connection_reset(new_bridge, dovecot, user, output):
    """The log has the socket's own word for it."""
    dovecot.create(user, "INBOX")
    proxy = Proxy(free_port(), dovecot.port_tls)
    try:
        bridge = new_bridge([account(dovecot, user, port=proxy.port)], output)
        bridge.start()
        bridge.wait_state(("idle",))
        proxy.cut()
        bridge.wait_log("connection: Connection reset by peer")
        dovecot.append(user, [mail(1)])
        bridge.wait(lambda: output.count() == 1, what="the mail")
    finally:
        proxy.remove()


def test_cut_in_the_middle_of_a_catch_up(bridge, dovecot, user, output):
    dovecot.append(user, mails(300, size=20_000))
    bridge.start()
    for part in (20, 120, 200):
        bridge.wait(lambda: output.count() >= part, what=f"{part} files")
        dovecot.kick(user)
    bridge.wait(lambda: output.count() == 300, what="300 files")
    assert len({event["id"] for event in output.events()}) == 300


def test_ladder_is_climbed_and_told(new_bridge, new_dovecot, user, output):
    """Nobody listens: it tries again, later and later, and says so."""
    dovecot = new_dovecot()
    dovecot.append(user, mails(1))
    dovecot.stop()
    bridge = new_bridge([account(dovecot, user)], output,
                        retry={"first_seconds": 0, "then": [1, 2],
                               "attempts": 0})
    bridge.start()
    bridge.wait_state(("backing-off", "connecting"))
    error = bridge.wait(lambda: bridge.status()[(user, "INBOX")].get(
        "lastError"), what="lastError")
    assert "localhost" in error or str(dovecot.port_tls) in error
    dovecot.start()
    bridge.wait(lambda: output.count() == 1, what="the mail")


def test_server_that_is_not_there_does_not_stop_the_others(
        new_bridge, new_dovecot, dovecot, user, output):
    dead = new_dovecot()
    dead.stop()
    dovecot.append(user, mails(1))
    bridge = new_bridge([account(dead, "nobody-home"),
                         account(dovecot, user)], output)
    bridge.start()
    bridge.wait(lambda: output.count() == 1, what="the other's mail")


def test_idle_is_renewed(new_bridge, dovecot, user, output):
    """After idle_seconds the mailbox is searched again and IDLE goes on."""
    dovecot.create(user, "INBOX")
    bridge = new_bridge([account(dovecot, user, idle_seconds=1)], output)
    bridge.start()
    bridge.wait_state(("idle",))
    for number in range(1, 6):
        dovecot.deliver(user, mail(number))
        bridge.wait(lambda: output.count() == number, what=f"mail {number}")


@pytest.mark.long
def test_old_connection_is_renewed(new_bridge, new_dovecot, user, output):
    dovecot = new_dovecot()
    dovecot.create(user, "INBOX")
    bridge = new_bridge([account(dovecot, user, max_connection_seconds=60)],
                        output)
    bridge.start()
    bridge.wait_state(("idle",))
    bridge.wait(lambda: dovecot.log.read_text().count("Login: ") > 1, 90,
                "a second login")
    bridge.wait_state(("idle",))
    dovecot.deliver(user, mail(1))
    bridge.wait(lambda: output.count() == 1, what="the mail")
