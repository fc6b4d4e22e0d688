"""A UID that becomes visible below the mark while the bridge is down."""

import contextlib
import shutil
import sqlite3

import pytest

from mails import mails
from outputs import StdoutOutput


class Lines(StdoutOutput):
    """In a file, where a second copy is seen."""

    def __init__(self, path) -> None:
        self.path = path

    def attach(self, bridge) -> None:
        bridge.stdout = self.path.open("ab")

    def uids(self) -> list:
        return [event["uid"] for event in self.events(self.path.read_text())]


@pytest.fixture(params=["store", "sink"])
def truth(request, folder):
    """What tells, after the crash, which UIDs are no news: the state directory,
    or the sink alone."""
    if request.param == "store":
        yield Lines(folder / "out.txt"), lambda bridge: None
        return
    out = request.getfixturevalue("redis_output")
    out.settings["delivery"] = "exactly_once"
    out.uids = lambda: [event["uid"] for event in out.events()]
    out.attach = lambda bridge: None
    yield out, lambda bridge: shutil.rmtree(bridge.folder / "state")


def gaps(bridge) -> list:
    """Lists of the UIDs below a mark that are no news, if not all are."""
    path = bridge.folder / "state/checkpoint.db"
    with contextlib.closing(sqlite3.connect(
            f"file:{path}?mode=ro", uri=True)) as store:
        return [uids for uids, in store.execute("SELECT uids FROM below")]


def test_late_across_a_crash(imap, new_bridge, fake_account, truth):
    output, lose = truth
    for each in mails(10):
        imap.box.add(each)
    imap.box.hidden = {7}
    bridge = new_bridge([fake_account()], output)
    output.attach(bridge)
    bridge.start()
    bridge.wait(lambda: len(output.uids()) == 9, what="nine mails")
    bridge.wait(lambda: gaps(bridge) == ["1:6,8:10"], what="the mark")
    bridge.kill()
    lose(bridge)

    # 3 is gone, which is no news either, and old ones are not.
    imap.box.hidden = set()
    del imap.box.mails[3]
    bridge.config["accounts"][0]["start"] = "now"
    bridge.write()
    bridge.start()
    bridge.wait(lambda: len(output.uids()) == 10, what="the late one")
    bridge.wait(lambda: not gaps(bridge), what="that to be remembered")
    bridge.kill()
    lose(bridge)

    idles = len(imap.said("IDLE"))
    bridge.start()
    imap.deliver(*mails(1, first=11))
    bridge.wait(lambda: len(output.uids()) == 11, what="new mail")
    imap.wait_said("IDLE", idles + 1)
    assert output.uids() == [1, 2, 3, 4, 5, 6, 8, 9, 10, 7, 11]
