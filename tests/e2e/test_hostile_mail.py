"""convert on mails that are made to cost much: 10 s, 256 MB, a stack of 256 kB,
and an event.

The program is the one that users run: sanitizers cost time and memory of
their own."""

import json
import subprocess
import sys

import pytest

from bombs import BOMBS, CUT
from bridge import ROOT

SECONDS = 10
MEGABYTES = 256

# A process counts the memory of the one that started it: this one is small.
MEASURE = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_STACK, (1 << 18, 1 << 18))
pid = os.posix_spawn(sys.argv[1], [sys.argv[1], "convert"], os.environ)
_, status, used = os.wait4(pid, 0)
print(os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime,
      used.ru_maxrss // 1024, file=sys.stderr)
"""


@pytest.fixture(scope="module")
def program():
    subprocess.run(["make", "--no-print-directory", "-s", "all"], cwd=ROOT,
                   check=True)
    return ROOT / "build/mailbridge"


@pytest.mark.parametrize("name", BOMBS)
def test_costs_little_and_gives_an_event(program, tmp_path, name):
    mail, event = tmp_path / "mail", tmp_path / "event"
    mail.write_bytes(BOMBS[name]())
    with mail.open("rb") as stdin, event.open("wb") as stdout:
        done = subprocess.run(
            [sys.executable, "-S", "-c", MEASURE, program], stdin=stdin,
            stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=120)
    code, seconds, megabytes = done.stderr.split()
    assert int(code) == 0
    assert float(seconds) < SECONDS
    assert int(megabytes) < MEGABYTES
    got = json.loads(event.read_bytes())
    assert got["size"] == mail.stat().st_size
    mail.unlink()
    event.unlink()
    codes = {problem["code"] for problem in got.get("problems", [])}
    assert CUT.get(name) is None or CUT[name] in codes
    if name == "recipients":
        assert got["to"][0]["email"] == "a@b"
