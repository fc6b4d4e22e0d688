"""A hostile server beside an honest one: what it costs the honest one's mail."""

import multiprocessing
import statistics
import time

import pytest

from bridge import account
from mails import mail
from servers.fakeimap import FakeImap
from servers.mailboxes import plain_account
from servers.process import wait_until


async def drip(connection) -> None:
    """As slow as keeps a FETCH alive, of a mail that fills the budget."""
    import asyncio
    await connection.send(b"* 1 FETCH (UID 1 BODY[] {60000000}\r\n")
    while True:
        await connection.send(b"x" * 4096)
        await asyncio.sleep(1)


async def octets(connection) -> None:
    """One a minute."""
    import asyncio
    await connection.send(b"* 1 FETCH (UID 1 BODY[] {60000000}\r\n")
    while True:
        await connection.send(b"x")
        await asyncio.sleep(60)


async def flood(connection) -> None:
    await connection.say("+ idling")
    while True:
        await connection.send(b"* OK Still here\r\n" * 4096)


async def literal(connection) -> None:
    await connection.send(b"* 1 FETCH (UID 1 BODY[] {60000000}\r\n")
    while True:
        await connection.send(b"x" * 65536)


CRIMES = {"drip": ("UID FETCH", drip), "octets": ("UID FETCH", octets),
          "flood": ("IDLE", flood), "literal": ("UID FETCH", literal)}


def commit(crime: str, ports) -> None:
    server = FakeImap([mail(1)])
    command, script = CRIMES[crime]
    server.on(command, [script], times=1 << 30)
    ports.put(server.port)
    time.sleep(3600)


@pytest.fixture
def hostile():
    """hostile(crime): the port of such a server, a process of its own."""
    context = multiprocessing.get_context("spawn")
    made = []

    def start(crime: str) -> int:
        ports = context.Queue()
        made.append(context.Process(target=commit, args=(crime, ports),
                                    daemon=True))
        made[-1].start()
        return ports.get(timeout=30)

    yield start
    for process in made:
        process.terminate()
        process.join()


def delays(dovecot, user, bridge, output, first: int, count: int) -> list:
    """From the end of each delivery to the file, in ms."""
    found = []
    imap = dovecot.login(user)
    box = output.path / user / "INBOX"
    for number in range(first, first + count):
        imap.append("INBOX", None, None, mail(number))
        start = time.monotonic()
        wait_until(lambda: len(list(box.glob("*"))) == number, 30,
                   f"mail {number}:\n{bridge.tail()}", step=0.001)
        found.append((time.monotonic() - start) * 1000)
    imap.logout()
    return found


@pytest.mark.long
def test_a_slow_mail_keeps_nobody_waiting(imap, hostile, fake_account,
                                          new_bridge, output):
    """Its 60 MB would be more than all the memory that there is."""
    bridge = new_bridge([fake_account("slow", port=hostile("drip")),
                         fake_account("calm")], output)
    bridge.start()
    imap.wait_said("IDLE")
    bridge.wait_log("octets of a message came in . s: others go first", 20)
    imap.deliver(mail(1), mail(2))
    bridge.wait(lambda: output.count() == 2, 10, "the other's mail")


@pytest.mark.long
@pytest.mark.parametrize("crime", CRIMES)
def test_what_it_costs(new_dovecot, hostile, new_bridge, user, output, crime):
    """Seconds at most, and that only until it is seen to be slow; then the
    other's mail takes no longer than a fair share of two cores allows."""
    dovecot = new_dovecot(hibernate=True, fsync=False)
    dovecot.create(user, "INBOX")
    honest = account(dovecot, user)
    bridge = new_bridge([honest], output)
    bridge.start()
    bridge.wait_state(("idle",))
    delays(dovecot, user, bridge, output, 1, 5)
    alone = delays(dovecot, user, bridge, output, 6, 50)
    assert bridge.terminate() == 0
    bridge.config["accounts"].append(
        {**plain_account("bad", hostile(crime)), "command_seconds": 60})
    bridge.write()
    bridge.start()
    bridge.wait_state(("idle",), count=1)
    first = delays(dovecot, user, bridge, output, 56, 1)
    beside = delays(dovecot, user, bridge, output, 57, 50)
    for name, times in (("alone", alone), ("beside it", beside)):
        print(f"{crime}: {name}: p50 {statistics.median(times):.1f} ms, "
              f"p90 {sorted(times)[45]:.1f}, max {max(times):.1f}")
    print(f"{crime}: the first one beside it: {first[0]:.0f} ms")
    assert first[0] < 12_000
    assert statistics.median(beside) < 3 * statistics.median(alone) + 50
