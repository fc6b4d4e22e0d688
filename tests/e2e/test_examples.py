"""docs/examples: the events there are what convert prints, by the commands of
their README.  When more was meant than that, write them anew:
UPDATE=1 make e2e T=tests/e2e/test_examples.py; and read the difference."""

import json
import os
import re
import shlex

import pytest

from bridge import ROOT

FOLDER = ROOT / "docs/examples"
README = (FOLDER / "README.md").read_text()
COMMANDS = re.findall(r"^    mailbridge (convert .*) < (\S+) > (\S+)$",
                      README, re.M)


def in_lines(event: dict) -> str:
    return json.dumps(event, indent=2, ensure_ascii=False) + "\n"


@pytest.mark.parametrize("command, mail, event", COMMANDS,
                         ids=[event for _, _, event in COMMANDS])
def test_event(bridge, command, mail, event):
    done = bridge.command(*shlex.split(command), config=False,
                          stdin=(FOLDER / mail).read_bytes())
    assert done.returncode == 0, done.stderr
    text = in_lines(json.loads(done.stdout))
    if os.environ.get("UPDATE"):
        (FOLDER / event).write_text(text)
    assert (FOLDER / event).read_text() == text


def test_every_file_has_its_command():
    named = {name for _, *names in COMMANDS for name in names}
    there = {path.name for path in FOLDER.iterdir()} - {"README.md"}
    assert named == there
    assert len({mail for _, mail, _ in COMMANDS}) == 10
    for name in named:
        assert f"({name})" in README
