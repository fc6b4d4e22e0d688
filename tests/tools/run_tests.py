"""Runs the stages of `make test` and counts: "N passed, N failed".

Each of lint, analyze, clang and the simulation counts as one check; unit and
end-to-end tests count one by one.  A stage that ran no test has failed.
"""

import os
import re
import subprocess
import sys
import time
import xml.etree.ElementTree as xml
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MAKE = ["make", "--no-print-directory"]


def run(*argv: str, **environment) -> tuple:
    """Show what it prints as it comes; its exit code and output."""
    process = subprocess.Popen(
        argv, cwd=ROOT, stdin=subprocess.DEVNULL, text=True, errors="replace",
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env={**os.environ, "MAKEFLAGS": "", **environment})
    lines = []
    for line in process.stdout:
        lines.append(line)
        print(line, end="", flush=True)
    return process.wait(), "".join(lines)


def check(*target: str) -> tuple:
    code, _ = run(*MAKE, *target)
    return (0, 1) if code else (1, 0)


def unit(**environment) -> tuple:
    """cmocka's closing lines, of all programs."""
    code, out = run(*MAKE, "unit", **environment)
    passed = sum(map(int, re.findall(r"\[  PASSED  \] (\d+) test", out)))
    failed = sum(map(int, re.findall(r"\[  FAILED  \] (\d+) test", out)))
    if code != 0 and failed == 0 or passed + failed == 0:
        failed += 1
    return passed, failed


def e2e(*options: str) -> tuple:
    if run(*MAKE, "asan")[0] != 0:
        return 0, 1
    report = ROOT / "build/e2e.xml"
    report.unlink(missing_ok=True)
    code, _ = run(sys.executable, "-m", "pytest", "tests/e2e", "-n", "3",
                  "--dist", "loadfile", "-q", f"--junitxml={report}", *options)
    if not report.exists():
        return 0, 1
    suite = xml.parse(report).getroot().find("testsuite")
    total, failed, skipped = (
        int(suite.get(key)) for key in ("tests", "failures", "skipped"))
    failed += int(suite.get("errors"))
    passed = max(total - failed - skipped, 0)
    if code != 0 and failed == 0 or passed + failed == 0:
        failed += 1
    return passed, failed


STAGES = {
    "lint": lambda: check("lint"),
    "analyze": lambda: check("analyze"),
    "clang": lambda: check("clang"),
    "unit": unit,
    "unit-long": lambda: unit(EVERY_BYTE="1"),
    "sim": lambda: check("sim"),
    "sim-long": lambda: check("sim", "STEPS=10000000"),
    "e2e": lambda: e2e("-m", "not long"),
    "e2e-long": e2e,
    "differential": lambda: check("differential"),
}


def main(stages: list) -> int:
    results = []
    for stage in stages:
        print(f"\n==== {stage}", flush=True)
        start = time.monotonic()
        passed, failed = STAGES[stage]()
        seconds = time.monotonic() - start
        results.append((passed, failed))
        print(f"==== {stage}: {passed} passed, {failed} failed, "
              f"{seconds:.0f} s", flush=True)
    passed = sum(result[0] for result in results)
    failed = sum(result[1] for result in results)
    print(f"\n{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
