"""Compares `mailbridge convert` with independent parsers, field by field.

    differential.py [--mails FOLDER]... [--show]

Where two of the others agree on a field of a mail, so must we in at least
99 % of the cases, and each difference must be explained in explained.txt; a
difference without explanation, or an explanation without difference, fails.
Always over the mails of the project (not the fuzzer's: what two parsers make
of noise says nothing); --mails, or the environment variable MAILBRIDGE_MAILS,
adds a folder.
"""

import argparse
import base64
import hashlib
import json
import os
import re
import subprocess
import sys
from itertools import combinations
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(ROOT / "tests"))

import cyrus_jmap  # noqa: E402
import python_email  # noqa: E402
from views import FIELDS, normal, readable, seconds  # noqa: E402

CACHE = ROOT / ".cache"
LEAST = 0.99


def event_view(event: dict) -> dict:
    def people(name: str) -> Any:
        return event[name] and [[a["name"], a["email"]] for a in event[name]]

    return {
        "subject": event["subject"],
        "messageId": (event["messageId"] or [None])[0],
        "date": seconds(event["sentAt"]),
        "from": people("from"), "to": people("to"), "cc": people("cc"),
        "text": event["body"]["text"], "html": event["body"]["html"],
        "attachments": event["attachments"],
    }


def wire(raw: bytes) -> bytes:
    """As an IMAP server sends it, and as Cyrus wants it."""
    return re.sub(rb"(?<!\r)\n", b"\r\n", raw)


def ours(program: Path, raw: bytes) -> dict:
    done = subprocess.run([program, "convert"], input=raw,
                          capture_output=True, check=True)
    return event_view(json.loads(done.stdout))


def mailparser(raws: list) -> list:
    lines = b"".join(base64.b64encode(raw) + b"\n" for raw in raws)
    done = subprocess.run(
        ["node", HERE / "mailparser.mjs", CACHE / "mailparser"], input=lines,
        stdout=subprocess.PIPE, check=True)
    views = [json.loads(line) for line in done.stdout.split(b"\n") if line]
    assert len(views) == len(raws), "mailparser lost a mail"
    return views


def python(raw: bytes) -> dict:
    try:
        return python_email.view(raw)
    except Exception as error:  # it raises on some mail
        return {"error": repr(error)}


def collect(folders: list) -> dict:
    """Each mail once, by the start of its SHA-256."""
    mails = {}
    for folder in folders:
        for path in sorted(Path(folder).rglob("*")):
            if path.is_file() and path.suffix in (".eml", ""):
                digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
                mails.setdefault(digest, path)
    return mails


def explanations() -> dict:
    """(mail, field) to reason: lines "MAIL FIELD...", below "= reason"."""
    table, reason = {}, ""
    for line in (HERE / "explained.txt").read_text().splitlines():
        if line.startswith("="):
            reason = line[1:].strip()
        elif line.startswith(" "):
            reason += " " + line.strip()
        elif line and not line.startswith("#"):
            mail, *fields = line.split()
            for field in fields:
                assert field in FIELDS and reason, line
                table[mail, field] = reason
    return table


def agreed(views: list, field: str) -> Any:
    """What two of the others say alike; None if none do, or it is nothing."""
    for one, two in combinations(views, 2):
        if field in one and field in two and one[field] == two[field]:
            return one[field] if readable(one[field]) else None
    return None


class Result:
    """The counts, and what differs."""

    def __init__(self, complete: bool) -> None:
        self.complete = complete  # all parsers are there
        self.cases = dict.fromkeys(FIELDS, 0)
        self.same = dict.fromkeys(FIELDS, 0)
        self.differences: dict = {}

    def add(self, mail: str, mine: dict, others: list) -> None:
        for field in FIELDS:
            theirs = agreed(others, field)
            if theirs is None:
                continue
            self.cases[field] += 1
            if mine[field] == theirs:
                self.same[field] += 1
            else:
                self.differences[mail, field] = (mine[field], theirs)

    def table(self, explained: dict) -> None:
        def row(name: str, cases: int, same: int, known: int) -> None:
            percent = 100 * same / cases if cases else 100
            print(f"{name:12}{cases:>12}{same:>10}{percent:>9.2f}"
                  f"{known:>11}")

        print(f"{'field':12}{'two agree':>12}{'we agree':>10}{'%':>9}"
              f"{'explained':>11}")
        known = {field: sum(f == field and (m, f) in explained
                            for m, f in self.differences) for field in FIELDS}
        for field in FIELDS:
            row(field, self.cases[field], self.same[field], known[field])
        row("all", sum(self.cases.values()), sum(self.same.values()),
            sum(known.values()))

    def share(self) -> float:
        return sum(self.same.values()) / max(sum(self.cases.values()), 1)


def judge(result: Result, mails: dict, explained: dict, options) -> bool:
    good = True
    for (mail, field), (mine, theirs) in sorted(result.differences.items()):
        if (mail, field) in explained and not options.show:
            continue
        known = explained.get((mail, field), "NOT EXPLAINED")
        print(f"{mail} {field} {mails[mail]}: {known}\n"
              f"  ours   {str(mine)[:600]!r}\n  theirs {str(theirs)[:600]!r}")
        good = good and (mail, field) in explained
    for mail, field in explained:
        if result.complete and mail in mails \
                and (mail, field) not in result.differences:
            print(f"{mail} {field}: explained, but there is no difference")
            good = False
    if result.share() < LEAST:
        print(f"we agree in less than {LEAST:.0%} of the cases")
        good = False
    return good


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--mails", action="append", default=[])
    parser.add_argument("--program", default=ROOT / "build/mailbridge")
    parser.add_argument("--show", action="store_true",
                        help="print explained differences too")
    options = parser.parse_args()
    folders = [ROOT / "tests/mails", ROOT / "docs/examples",
               ROOT / "deploy/demo/mails", *options.mails]
    if os.environ.get("MAILBRIDGE_MAILS"):
        folders.append(os.environ["MAILBRIDGE_MAILS"])

    mails = collect(folders)
    paths = list(mails.values())
    raws = [wire(path.read_bytes()) for path in paths]
    parsers = {"Python's email": [python(raw) for raw in raws],
               "mailparser": mailparser(raws)}
    if (CACHE / "cyrus/root").is_dir():
        parsers["Cyrus"] = cyrus_jmap.of_all(raws, CACHE / "cyrus/root")
    else:
        print("Cyrus: not here, tests/tools/fetch.sh says why")
    for name, views in parsers.items():
        failed = sum("error" in view for view in views)
        print(f"{name}: {len(views)} mails, {failed} without an answer")
    result = Result("Cyrus" in parsers)
    for index, mail in enumerate(mails):
        result.add(mail, normal(ours(options.program, raws[index])),
                   [normal(views[index]) for views in parsers.values()])
    explained = explanations()
    good = judge(result, mails, explained, options)
    result.table(explained)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
