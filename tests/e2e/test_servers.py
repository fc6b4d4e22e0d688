"""Dovecot, Cyrus and Courier: what each of them does with the same life."""

import re

import pytest

from bridge import account
from conftest import real
from expunger import Expunger
from mails import mail, mails
from servers.courier import Courier
from servers.cyrus import Cyrus
from servers.dovecot import Dovecot
from servers.process import wait_until

KINDS = {"dovecot": Dovecot, "cyrus": Cyrus, "courier": Courier}


@pytest.fixture(params=KINDS)
def server(request):
    made = real(KINDS[request.param], fsync=False)
    yield made
    made.remove()


def numbers(output, mailbox: str = "INBOX") -> dict:
    """{UID: number of the mail, see mails.py}; none came out twice."""
    found = {}
    for event in output.events():
        if event["mailbox"] == mailbox:
            assert event["uid"] not in found
            found[event["uid"]] = int(
                re.match(r"(\d+)@", event["messageId"][0])[1])
    assert len(set(found.values())) == len(found)
    return found


def check_race(bridge, server, user, output, first: int, count: int,
               pause: float) -> None:
    """Mail comes while somebody deletes, each eightieth at least."""
    with Expunger(server, user, pause) as expunger:
        for number in range(first, first + count, 20):
            server.deliver(user, *mails(min(20, first + count - number),
                                        number))
            wait_until(lambda: expunger.error or len(expunger.gone)
                       > (number - first) // 80, what="deleted mails")
    there = server.numbers(user)
    assert set(there.values()) | expunger.gone >= set(
        range(first, first + count))
    bridge.wait(lambda: bridge.checkpoint(user) >= max(there), 120,
                "the commit of the last UID")
    came = numbers(output)
    assert there.items() <= came.items()
    assert set(came.values()) <= set(there.values()) | expunger.gone


def test_life(server, new_bridge, user, output):
    box = server.prefix + "Box"
    server.add(user)
    server.create(user, box)
    server.append(user, mails(3))
    bridge = new_bridge([account(server, user, mailboxes=["INBOX", box])],
                        output)
    bridge.start()
    bridge.wait(lambda: output.count() == 3, what="the catch-up")
    bridge.wait_state(("idle",))
    server.deliver(user, mail(4))
    bridge.wait(lambda: output.count() == 4, what="the mail in IDLE")
    count = 300 if isinstance(server, Dovecot) else 60
    check_race(bridge, server, user, output, 5, count, 0.01)

    # Renamed, down, and up again.
    before = output.count()
    server.rename(user, box, server.prefix + "Away")
    server.stop()
    bridge.wait_state(("backing-off", "connecting"))
    server.start()
    server.deliver(user, mail(1001))
    bridge.wait(lambda: output.count() == before + 1, what="mail 1001")
    bridge.wait_log(f"{box}: .*deleted or renamed: its checkpoint is kept")
    server.rename(user, server.prefix + "Away", box)
    server.deliver(user, mail(1002), mailbox=box)
    bridge.wait(lambda: output.count() == before + 2, what="mail 1002")
    assert server.numbers(user).items() <= numbers(output).items()
    assert list(numbers(output, box).values()) == [1002]


def test_courier_gives_no_uid_twice(new_bridge, user, output):
    """It writes UIDs down only for who SELECTs: by EXAMINE alone the next
    mail would get the UID of the one that a POP3 client has removed."""
    server = real(Courier)
    try:
        server.add(user)
        bridge = new_bridge([account(server, user)], output)
        bridge.start()
        bridge.wait_state(("idle",))
        for number in range(1, 4):
            server.deliver(user, mail(number))
            bridge.wait(lambda: output.count() == number, what="the mail")
            server.remove_file(user)
        assert numbers(output) == {1: 1, 2: 2, 3: 3}
    finally:
        server.remove()


@pytest.mark.long
def test_one_connection_for_two_mailboxes(server, new_bridge, user, output):
    """The server says so (Courier by closing the second without a word)."""
    box = server.prefix + "Box"
    server.add(user)
    server.create(user, box)
    server.limit(1)
    server.restart()
    bridge = new_bridge([account(server, user, mailboxes=["INBOX", box],
                                 poll_seconds=1)], output)
    bridge.start()
    bridge.wait_log("the server allows 1 connection", 60)
    for number in range(1, 5, 2):
        server.deliver(user, mail(number))
        server.deliver(user, mail(number + 1), mailbox=box)
        bridge.wait(lambda: output.count() == number + 1, 60, "the mails")
    bridge.wait_state()
    assert list(numbers(output).values()) == [1, 3]
    assert list(numbers(output, box).values()) == [2, 4]


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_10000_mails_and_an_expunger(server, new_bridge, user, output):
    server.add(user)
    bridge = new_bridge([account(server, user)], output)
    bridge.start()
    bridge.wait_state(("idle",))
    check_race(bridge, server, user, output, 1, 10_000, 0.02)
