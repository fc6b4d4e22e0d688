"""The sink is away: the bridge holds, says so, rests, and loses nothing."""

import time

import pytest

from bridge import account
from mails import mail, mails


def assert_rests(bridge, seconds: float = 2) -> None:
    """Under 5 % of one core while it can do nothing."""
    before, start = bridge.cpu_seconds(), time.monotonic()
    time.sleep(seconds)  # measures a rate; synchronises nothing
    used = bridge.cpu_seconds() - before
    share = used / (time.monotonic() - start)
    assert share < 0.05, f"{share:.0%} of a core while the sink is down"


def outage(bridge, dovecot, user, output, server) -> None:
    """In the middle of a catch-up; more mail comes meanwhile."""
    dovecot.append(user, mails(400, size=20_000))
    bridge.start()
    bridge.wait(lambda: output.count() >= 50, what="the first events")
    server.kill()
    dovecot.append(user, mails(20, first=401))
    bridge.wait_log(r"events.*(down|lost|refused|closed|connect|Disconnect|"
                    r"broker)", 60)
    assert_rests(bridge)
    server.start()
    bridge.wait(lambda: len({event["id"] for event in output.events()}) == 420,
                120, "all 420 events")
    dovecot.append(user, [mail(421)])
    bridge.wait(lambda: 421 in {event["uid"] for event in output.events()},
                what="one more")
    bridge.wait(lambda: bridge.checkpoint(user) == 421, what="the commit")
    assert bridge.terminate() == 0


def test_redis(new_bridge, dovecot, user, redis_output):
    bridge = new_bridge([account(dovecot, user)], redis_output)
    outage(bridge, dovecot, user, redis_output, redis_output.server)


@pytest.mark.timeout(300)
def test_kafka(new_bridge, dovecot, user, kafka_output):
    bridge = new_bridge([account(dovecot, user)], kafka_output)
    outage(bridge, dovecot, user, kafka_output, kafka_output.broker)


@pytest.mark.parametrize("kind", ["redis_output", "kafka_output"])
def test_away_from_the_start(new_bridge, dovecot, user, kind, request):
    output = request.getfixturevalue(kind)
    server = getattr(output, "server", None) or output.broker
    dovecot.append(user, mails(3))
    bridge = new_bridge([account(dovecot, user)], output)
    server.kill()
    try:
        bridge.start()
        bridge.wait_log("events")
        assert_rests(bridge)
    finally:
        server.start()
    bridge.wait(lambda: output.count() == 3, 60, "three events")


def test_stop_while_the_sink_is_away(new_bridge, dovecot, user, redis_output):
    """SIGTERM ends in bounded time; what was not acked comes later."""
    dovecot.append(user, mails(3))
    bridge = new_bridge([account(dovecot, user)], redis_output)
    redis_output.server.kill()
    bridge.start()
    bridge.wait_log("events")
    assert bridge.terminate(40) == 0
    redis_output.server.start()
    bridge.once()
    assert {event["uid"] for event in redis_output.events()} == {1, 2, 3}


def test_disk_that_refuses(new_bridge, dovecot, user, output):
    """A folder cannot be written: hold, say so, go on when mended."""
    dovecot.append(user, mails(3))
    output.path.mkdir()
    in_the_way = output.path / user
    in_the_way.write_text("a file where a folder should be\n")
    bridge = new_bridge([account(dovecot, user)], output)
    bridge.start()
    bridge.wait_log(f"events.*{user}")
    assert_rests(bridge)
    in_the_way.unlink()
    bridge.wait(lambda: output.count() == 3, 60, "three files")
