"""What a Redis says that cannot store now, each really brought about: the mark
holds, the reason is told, and when it has passed all is there, once."""

import threading

import pytest

from bridge import account
from mails import mails
from servers.process import wait_until


@pytest.fixture(params=[
    pytest.param("at_least_once", marks=pytest.mark.long), "exactly_once"])
def case(request, new_bridge, dovecot, user, redis_output):
    """A bridge in IDLE with five mails stored, and what happens to ten more."""
    redis_output.settings["delivery"] = request.param
    dovecot.append(user, mails(5))
    bridge = new_bridge([account(dovecot, user)], redis_output)
    bridge.start()
    bridge.wait(lambda: bridge.status() and redis_output.count() == 5,
                what="the first")
    bridge.wait_state(("idle",))

    def trouble(text: str, mend) -> None:
        dovecot.append(user, mails(10, first=6))
        bridge.wait_log(text)
        assert bridge.checkpoint(user) == 5
        mend()
        bridge.wait(lambda: bridge.checkpoint(user) == 15, 60, "all of it")
        assert bridge.terminate() == 0
        events = redis_output.events()
        assert sorted(event["uid"] for event in events) == (
            list(range(1, 16)))

    return trouble


def test_out_of_memory(case, redis_output):
    client = redis_output.client
    client.config_set("maxmemory-policy", "noeviction")
    client.config_set("maxmemory", 1)
    case("OOM command not allowed", lambda: client.config_set("maxmemory", 0))


def test_replica(case, redis_output):
    """As after a failover: it keeps what it has, and takes no writes."""
    client = redis_output.client
    client.config_set("replica-serve-stale-data", "yes")
    client.replicaof("127.0.0.1", 1)
    case("READONLY .*failover", lambda: client.replicaof("NO", "ONE"))


def test_too_few_replicas(case, redis_output):
    client = redis_output.client
    client.config_set("min-replicas-to-write", 1)
    case("NOREPLICAS", lambda: client.config_set("min-replicas-to-write", 0))


def test_disk_trouble(case, redis_output):
    """A snapshot that cannot be written: Redis takes no writes then."""
    client, folder = redis_output.client, redis_output.server.folder
    (folder / "dump.rdb").mkdir()
    client.config_set("save", "3600 1000000")
    client.bgsave()
    wait_until(lambda: client.info("persistence")["rdb_last_bgsave_status"]
               == "err", what="the snapshot to fail")
    case("MISCONF", lambda: client.config_set("save", ""))


def test_password_set_meanwhile(case, redis_output):
    """The connections that stand are let be; one that is new is refused."""
    client = redis_output.client
    client.config_set("requirepass", "secret")
    client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME",
                           "yes")
    case("NOAUTH", lambda: client.config_set("requirepass", ""))


def test_busy_script(case, redis_output):
    client = redis_output.client
    client.config_set("busy-reply-threshold", 100)
    script = threading.Thread(target=run_for_ever, args=(redis_output,))
    script.start()
    try:
        case("BUSY", client.script_kill)
    finally:
        script.join()


def run_for_ever(output) -> None:
    import redis
    other = redis.Redis(port=output.server.port)
    try:
        other.eval("while true do end", 0)
    except redis.ResponseError:
        pass  # killed, as it is to be


def test_scripts_flushed(new_bridge, dovecot, user, redis_output):
    redis_output.settings["delivery"] = "exactly_once"
    dovecot.append(user, mails(5))
    bridge = new_bridge([account(dovecot, user)], redis_output)
    bridge.start()
    bridge.wait(lambda: redis_output.count() == 5, what="the first")
    for first in (6, 11):
        redis_output.client.script_flush()
        dovecot.append(user, mails(5, first=first))
        bridge.wait(lambda: redis_output.count() == first + 4, what="them")
    assert bridge.terminate() == 0
    assert [event["uid"] for event in redis_output.events()] == (
        list(range(1, 16)))
