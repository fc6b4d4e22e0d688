"""delivery: exactly_once and a mailbox that is numbered anew: killed between
the sink's answer and the commit, nothing comes twice, and nothing is lost."""

import pytest

from bridge import EX_DATAERR, account
from faults import Faults
from mails import mail, mails
from outputs import DirectoryOutput


@pytest.fixture(params=[
    "redis", pytest.param("kafka", marks=pytest.mark.long)])
def once(request):
    output = request.getfixturevalue(f"{request.param}_output")
    output.settings["delivery"] = "exactly_once"
    return output


def published(output) -> tuple:
    """The epochs of resets, and the subjects of mails."""
    events = output.events()
    return ([event["epoch"] for event in events if "cause" in event],
            [event["subject"] for event in events if "cause" not in event])


def test_killed_before_it_is_noted(new_bridge, dovecot, user, once, folder):
    """The first commit stores what is done; the second one that it was told."""
    dovecot.append(user, mails(3))
    bridge = new_bridge([account(dovecot, user)], once)
    bridge.once()
    subjects = ["mail 1", "mail 2", "mail 3"]
    for epoch, policy in enumerate(("now", "match", "stop"), 1):
        bridge.config["accounts"][0]["on_reset"] = policy
        bridge.write()
        dovecot.set_uidvalidity(user, dovecot.uidvalidity(user) + 1000)
        if policy != "now":
            dovecot.append(user, [mail(3 + epoch)])
        if policy == "match":
            subjects.append(f"mail {3 + epoch}")
        bridge.faults = Faults(folder / "calls.txt", calls=("sqlite-commit",)
                               ).at(2, "kill-before")
        bridge.start("--once")
        assert bridge.wait_exit() == -9, bridge.tail()
        bridge.faults = None
        told = (list(range(1, epoch + 1)), subjects)
        assert published(once)[0] == told[0], "killed too early"
        for _ in range(2):
            bridge.start("--once")
            assert bridge.wait_exit() == (
                EX_DATAERR if policy == "stop" else 0)
        assert published(once) == told, bridge.tail()


def test_one_of_two_sinks_has_it(new_bridge, dovecot, user, redis_output,
                                 folder):
    """Only the other one gets it after the crash."""
    redis_output.settings["delivery"] = "exactly_once"
    files = DirectoryOutput(folder / "files")
    dovecot.append(user, mails(3))
    bridge = new_bridge([account(dovecot, user, sink=["events", "files"])],
                        redis_output)
    bridge.config["sinks"]["files"] = files.section()
    bridge.write()
    bridge.once()
    dovecot.set_uidvalidity(user, dovecot.uidvalidity(user) + 1000)
    dovecot.append(user, [mail(4)])
    bridge.faults = Faults(folder / "calls.txt", calls=("rename",),
                           paths=(".resets",)).at(1, "kill-before")
    bridge.start("--once")
    assert bridge.wait_exit() == -9, bridge.tail()
    assert not files.resets()
    bridge.faults = None
    bridge.once()
    assert published(redis_output) == (
        [1], ["mail 1", "mail 2", "mail 3", "mail 4"])
    assert len(files.resets()) == 1 and files.count() == 4
