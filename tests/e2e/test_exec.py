"""exec: each mail is a line for a program, which answers with a line."""

import json
import os
import re
import signal
import textwrap

import pytest

from bridge import EX_CONFIG, ROOT, account
from mails import mails
from servers.process import wait_until


@pytest.fixture
def bridge(new_bridge, dovecot, user, exec_output):
    return new_bridge([account(dovecot, user)], exec_output)


def children(bridge) -> list:
    path = f"/proc/{bridge.process.pid}/task/{bridge.process.pid}/children"
    with open(path) as file:
        return [int(pid) for pid in file.read().split()]


def program(bridge, other: int = 0) -> int:
    """Its process, when it is the program and ours no more; not `other`."""
    def found() -> int:
        for pid in children(bridge):
            try:
                with open(f"/proc/{pid}/cmdline") as file:
                    words = file.read().split("\0")
            except OSError:
                continue  # it ended
            if pid != other and len(words) > 1 and words[1] != "run":
                return pid
        return 0

    return wait_until(found, 30, "the program")


def test_handler(bridge, dovecot, user, exec_output):
    """Killed while it works it is started again, and ends with the daemon,
    however that ends."""
    dovecot.append(user, mails(30))
    bridge.start()
    bridge.wait(lambda: exec_output.count() > 3, what="some mails")
    pid = program(bridge)
    os.kill(pid, signal.SIGKILL)
    bridge.wait_log(r"ended by signal 9 \(Killed\)")
    bridge.wait(lambda: bridge.checkpoint(user) == 30, what="all of it")
    assert exec_output.count() == 30
    second = program(bridge, pid)
    # What it was given of ours: three descriptors.
    assert sorted(os.listdir(f"/proc/{second}/fd"))[:3] == ["0", "1", "2"]
    assert not any("socket:" in os.readlink(f"/proc/{second}/fd/{fd}")
                   for fd in os.listdir(f"/proc/{second}/fd"))
    bridge.process.kill()
    bridge.wait_exit()
    wait_until(lambda: not os.path.exists(f"/proc/{second}/fd/0"), 20,
               "its end")


def test_refused_and_complaints(bridge, dovecot, user, exec_output):
    """refused is the dead letter; what it says on its standard error is
    logged."""
    script = bridge.folder / "script.sh"
    script.write_text("while read -r event; do case $event in\n"
                      "*'\"uid\":2,'*) echo complaint >&2; echo refused no;;\n"
                      "*) echo ok; esac; done\n")
    bridge.config["sinks"]["events"] = {
        "type": "exec", "command": ["sh", "./script.sh"]}
    bridge.write()
    dovecot.append(user, mails(3))
    bridge.once()
    assert bridge.checkpoint(user) == 3
    assert "warn: sink: events: stderr: complaint" in bridge.printed()
    done = bridge.command("dead-letter", "list")
    assert re.search(r"refused: no", done.stdout), done.stdout


def test_shell_of_the_guide(bridge, dovecot, user, receiver):
    """The program of docs/exec.md; its service is away at first."""
    text = (ROOT / "docs/exec.md").read_text()
    script = re.search(r"    #!/bin/sh\n(    .*\n)+", text)[0]
    (bridge.folder / "post.sh").write_text(textwrap.dedent(script))
    answers = [(503, {}, b"")]
    receiver.answer = lambda r: answers.pop() if answers else receiver.good(r)
    bridge.config["sinks"]["events"] = {
        "type": "exec", "command": ["sh", "post.sh", receiver.url]}
    bridge.write()
    dovecot.append(user, mails(3))
    bridge.once()
    assert "retry: the service is away" in bridge.printed()
    assert [json.loads(request.body)["uid"]
            for request in receiver.accepted()] == [1, 2, 3]


def test_check(bridge):
    done = bridge.command("check")
    assert done.returncode == 0, done.stderr
    assert "sinks.events: reachable" in done.stdout
    bridge.config["sinks"]["events"]["command"] = ["./nowhere"]
    bridge.write()
    done = bridge.command("check")
    assert done.returncode == EX_CONFIG
    assert "./nowhere: cannot be started: No such file" in done.stderr


@pytest.mark.long
def test_poison(bridge, dovecot, user):
    """Two mails in a row end the program: they go to the dead letter.  A program
    that always ends gives none up."""
    script = bridge.folder / "script.sh"
    starts = bridge.folder / "starts"
    picky = ("while read -r event; do case $event in\n"
             "*'\"uid\":2,'*|*'\"uid\":3,'*) exit 3;;\n*) echo ok; esac; done\n")
    script.write_text("echo >>starts; exit 1")
    bridge.config["sinks"]["events"] = {
        "type": "exec", "command": ["sh", "./script.sh"]}
    bridge.write()
    dovecot.append(user, mails(5))
    bridge.start()
    bridge.wait(lambda: starts.exists() and len(starts.read_text()) > 6,
                what="some starts")
    assert bridge.checkpoint(user) == 0
    script.write_text(picky)
    bridge.wait(lambda: bridge.checkpoint(user) == 5, 120, "all of it")
    assert bridge.terminate() == 0
    done = bridge.command("dead-letter", "list")
    assert len(re.findall(r"ended with exit code 3, in 5", done.stdout)) == 2, (
        done.stdout)
