"""A server that comes back with many accounts meets no storm."""

import re
import threading
import time

import pytest

from bridge import account
from mails import mail
from servers.fakeimap import FakeImap

LIMIT = 64  # LIMIT_CONNECTING


class Counter:
    """How many connections a server that takes its time has greeted, and how
    many wait for that at once."""

    def __init__(self, server: FakeImap) -> None:
        self.waiting = self.most = self.greeted = 0
        server.greeting = [self.enter, "S: * OK ready"]

    async def enter(self, _) -> None:
        import asyncio
        self.waiting += 1
        self.most = max(self.most, self.waiting)
        await asyncio.sleep(0.2)
        self.waiting -= 1
        self.greeted += 1


@pytest.mark.long
def test_connects_at_once(imap, fake_account, new_bridge, output):
    """A limit for each server; and another server is not kept waiting."""
    slow = FakeImap()
    try:
        counter = Counter(slow)
        bridge = new_bridge(
            [fake_account(f"slow-{number}", port=slow.port)
             for number in range(200)] + [fake_account("quick")], output)
        bridge.start()
        imap.wait_said("IDLE", seconds=5)
        assert counter.greeted < 200
        slow.wait_said("IDLE", 200, 60)
        assert counter.most <= LIMIT
        assert counter.greeted == 200
        assert bridge.terminate() == 0
    finally:
        slow.close()


@pytest.mark.long
@pytest.mark.timeout(600)
def test_restart_with_200_accounts(new_dovecot, new_bridge, user, output):
    """Each of them logs in once, and tries in vain a few times at most, not all
    at the same time."""
    dovecot = new_dovecot(clients=500, fsync=False)
    users = [f"{user}-{number}" for number in range(200)]
    for name in users:
        dovecot.create(name, "INBOX")
    bridge = new_bridge([account(dovecot, name) for name in users], output)
    bridge.config["retry"] = {"first_seconds": 0, "then": [1, 5, 30, 60],
                              "attempts": 0}
    bridge.write()
    bridge.start()
    bridge.wait_state(("idle",), 200, 120)
    lines = len(bridge.printed().splitlines())
    dovecot.stop()
    time.sleep(3)
    before = dovecot.log.stat().st_size
    dovecot.start()
    start = time.monotonic()
    seen: list = []
    ended = threading.Event()

    def look() -> None:
        while not ended.wait(0.05):
            text = dovecot.log.read_bytes()[before:]
            seen.append((time.monotonic() - start, text.count(b"Login: ")))

    watcher = threading.Thread(target=look, daemon=True)
    watcher.start()
    bridge.wait_state(("idle",), 200, 120)
    ended.set()
    watcher.join()
    took = time.monotonic() - start
    logins = dovecot.log.read_bytes()[before:].count(b"Login: ")
    tries = [float(found) for found in re.findall(
        r"next try in ([\d.]+) s",
        "\n".join(bridge.printed().splitlines()[lines:]))]
    steps = [b[1] - a[1] for a, b in zip(seen, seen[1:])]
    print(f"all in IDLE after {took:.1f} s, {logins} logins, {len(tries)} "
          f"tries in vain, {max(steps)} logins in 50 ms at most")
    assert logins == 200
    assert len(tries) <= 200 * 3
    # Jitter: what waits five seconds waits between 3.75 and 6.25.
    spread = [each for each in tries if each > 2]
    assert not spread or max(spread) - min(spread) > 1
    dovecot.deliver(users[0], mail(1))
    bridge.wait(lambda: output.count() == 1, what="the mail")
