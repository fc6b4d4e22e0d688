"""Fewer connections than mailboxes: some share one, by STATUS or by NOTIFY."""

import pytest

from bridge import account
from mails import mail
from test_patterns import boxes

BOXES = ["INBOX", "a", "b", "c", "d"]


def watch(new_bridge, server, user, output, **changes):
    server.create(user, *BOXES[1:])
    for box in BOXES:
        server.save(user, [mail(1)], box)
    bridge = new_bridge([account(server, user, mailboxes=BOXES,
                                 poll_seconds=1, **changes)], output)
    bridge.start()
    return bridge


def connections(server, user) -> int:
    lines = server.doveadm("who", "-1", user).splitlines()[1:]
    return len([line for line in lines if " imap " in f"{line} "])


def check_all(bridge, server, user, output) -> None:
    bridge.wait(lambda: output.count() == 5, 60, "the first mails")
    for box in BOXES:
        server.save(user, [mail(2)], box)
    bridge.wait(lambda: output.count() == 10, 60, "the second mails")
    bridge.wait_state(count=5)
    assert boxes(output) == {box: [1, 2] for box in BOXES}


@pytest.mark.parametrize("limit", [1, 2, 4])
def test_max_connections(new_bridge, dovecot, user, output, limit):
    bridge = watch(new_bridge, dovecot, user, output, max_connections=limit)
    check_all(bridge, dovecot, user, output)
    assert connections(dovecot, user) == limit
    # Restarted, nothing is published twice.
    assert bridge.terminate() == 0
    bridge.once()
    assert output.count() == 10


@pytest.mark.parametrize("limit", [1, 3])
def test_limit_of_the_server(new_bridge, new_dovecot, user, output, limit):
    """Nobody said it: it is found out, without a storm."""
    server = new_dovecot(per_user=limit)
    bridge = watch(new_bridge, server, user, output)
    check_all(bridge, server, user, output)
    if limit == 1:  # the server counts late: it lets three at once be more
        bridge.wait_log("the server allows 1 connection")
    assert bridge.printed().count("Maximum number of connections") < 20


def test_patterns_on_one_connection(new_bridge, new_dovecot, user, output):
    server = new_dovecot(per_user=1)
    server.create(user, "Orders/a")
    bridge = new_bridge([account(server, user, mailboxes=["INBOX", "Orders/*"],
                                 poll_seconds=1)], output)
    bridge.start()
    server.save(user, [mail(1)], "Orders/a")
    server.save(user, [mail(1)])
    bridge.wait(lambda: output.count() == 2, 60, "the first mails")
    server.create(user, "Orders/b")
    server.save(user, [mail(1)], "Orders/b")
    bridge.wait(lambda: output.count() == 3, 60, "the new mailbox's mail")


def test_notify(new_bridge, dovecot, user, output):
    """With NOTIFY nobody waits for the next round."""
    bridge = watch(new_bridge, dovecot, user, output, max_connections=1)
    bridge.config["accounts"][0]["poll_seconds"] = 600
    bridge.terminate()
    bridge.write()
    bridge.start()
    check_all(bridge, dovecot, user, output)


def test_notify_that_ends(imap, fake_bridge, output):
    """Too much happens: the server says so, and nothing any more."""
    imap.capability += " NOTIFY"
    imap.box.add(mail(1))
    imap.on("NOTIFY", "S: $ OK done")
    bridge = fake_bridge(mailboxes=["a", "b"], max_connections=1,
                         poll_seconds=1, idle_seconds=600)
    bridge.start()
    bridge.wait(lambda: output.count() == 2, 30, "the mails")

    async def overflow(connection) -> None:
        imap.box.add(mail(2))
        await connection.say("* OK [NOTIFICATIONOVERFLOW] too much")

    imap.call(overflow(imap.last))
    bridge.wait(lambda: output.count() == 4, 30, "the second mails")
    assert len(imap.said("NOTIFY")) == 1


def test_a_guest_that_takes_long(imap, fake_bridge, output):
    """One guest's mailbox refuses: the others go on."""
    imap.box.add(mail(1))
    imap.on('EXAMINE "b"', "S: $ NO [NONEXISTENT] gone", 1000)
    bridge = fake_bridge(mailboxes=["a", "b", "c"], max_connections=1,
                         poll_seconds=1)
    bridge.start()
    bridge.wait(lambda: output.count() == 2, 30, "the mails")
    imap.deliver(mail(2))
    bridge.wait(lambda: output.count() == 4, 30, "the second mails")
    assert boxes(output) == {"a": [1, 2], "c": [1, 2]}
    assert imap.connections == 1
    assert bridge.printed().count("deleted or renamed") == 1


def test_broken_in_a_visit(imap, fake_bridge, output):
    imap.box.add(mail(1))
    imap.on("UID FETCH", "-- reset", 2)
    bridge = fake_bridge(mailboxes=["a", "b"], max_connections=1,
                         poll_seconds=1)
    bridge.start()
    bridge.wait(lambda: output.count() == 2, 30, "the mails")
    assert boxes(output) == {"a": [1], "b": [1]}
    assert imap.connections == 3
