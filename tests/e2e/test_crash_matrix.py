"""SIGKILL before and after each step that can be seen from outside, found by
counting calls; then a second one somewhere in the start that follows.  Nothing
is lost; nothing comes twice where that is promised, and otherwise under the
same id."""

import random

import pytest

import kinds
from matrix import Matrix


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("name, reset", kinds.CASES)
def test_every_step(name, reset, request, folder, dovecot, user,
                    record_property):
    matrix = Matrix(kinds.make(name, folder, request), folder, dovecot, user,
                    reset)
    bridge = matrix.new()
    calls = matrix.run(bridge)
    assert matrix.code == 0, bridge.tail()
    matrix.check(bridge)
    chance = random.Random(1)
    for action in ("kill-before", "kill-after"):
        number = 1
        while matrix.crash(number, action, chance, len(calls)):
            number += 1
        assert number > len(calls) * 0.8, "far fewer calls than were counted"
    for call in calls:
        if "write" in call.name or "send" in call.name:
            matrix.crash(call.number, "kill-half", chance, len(calls))
    record_property("told", matrix.told())
