"""Many mailboxes in one process."""

import pytest

from bridge import account
from mails import mail


def watch(new_bridge, dovecot, user, output, accounts: int, boxes: int,
          **settings) -> None:
    users = [f"{user}-{number}" for number in range(accounts)]
    names = [f"Box{number}" for number in range(boxes)]
    for name in users:
        dovecot.create(name, *names)
    bridge = new_bridge([account(dovecot, name, mailboxes=names, **settings)
                         for name in users], output)
    bridge.start()
    bridge.wait_state(seconds=300)
    for number, name in enumerate(users):
        for box in names:
            dovecot.append(name, [mail(number)], box)
    total = accounts * boxes
    bridge.wait(lambda: output.count() == total, 300, f"{total} events")
    found = {(event["account"], event["mailbox"])
             for event in output.events()}
    assert found == {(name, box) for name in users for box in names}
    assert bridge.terminate() == 0


def test_80_mailboxes(new_bridge, new_dovecot, user, output):
    """No more while other tests run: Dovecot takes one of the kernel's 128
    inotify instances for each; without one it looks every 30 seconds."""
    watch(new_bridge, new_dovecot(clients=200), user, output, 4, 20)


@pytest.mark.long
def test_200_mailboxes(new_bridge, new_dovecot, user, output):
    watch(new_bridge, new_dovecot(clients=400), user, output, 10, 20)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_1000_mailboxes(new_bridge, new_dovecot, user, output):
    watch(new_bridge, new_dovecot(clients=1500), user, output, 50, 20)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("kind", ["webhook", "exec"])
def test_2000_mailboxes(kind, request, new_bridge, new_dovecot, user):
    """On few connections; a mailbox's next event waits for no other mailbox."""
    output = request.getfixturevalue(f"{kind}_output")
    watch(new_bridge, new_dovecot(clients=100), user, output, 10, 200,
          max_connections=3, poll_seconds=5)
    assert output.count() == 2000
