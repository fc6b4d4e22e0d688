"""A server without IDLE is polled."""

import pytest

from bridge import account
from mails import mail, mails


@pytest.fixture
def server(new_dovecot):
    dovecot = new_dovecot(idle=False)
    imap = dovecot.login("anybody")
    offered = imap.capability()[1][0].split()
    imap.logout()
    assert b"IDLE" not in offered
    return dovecot


def test_polling(new_bridge, server, user, output):
    server.append(user, mails(1))
    bridge = new_bridge([account(server, user, poll_seconds=1)], output)
    bridge.start()
    bridge.wait_state(("polling",))
    for number in range(2, 5):
        server.deliver(user, mail(number))
        bridge.wait(lambda: output.count() == number, what=f"mail {number}")
    assert bridge.terminate() == 0
