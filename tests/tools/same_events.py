"""Do two builds make the same events, byte for byte?

    same_events.py OLD/mailbridge NEW/mailbridge FOLDER...

Every file below the folders is converted by both: as it is, with LF for CRLF
and the other way round, and cut off at a few places (the seed is fixed).
What a faster converter must not change is thereby compared on any corpus.
"""

import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

CUTS = 4


def variants(mail: bytes) -> list:
    lines = mail.replace(b"\r\n", b"\n")
    rng = random.Random(len(mail))
    cuts = [mail[:rng.randrange(len(mail) + 1)] for _ in range(CUTS)]
    return [mail, lines, lines.replace(b"\n", b"\r\n"), *cuts]


def event(program: str, mail: bytes) -> tuple:
    done = subprocess.run([program, "convert"], input=mail,
                          capture_output=True)
    return done.returncode, done.stdout, done.stderr


def compare(old: str, new: str, path: Path) -> list:
    return [f"{path}: variant {number} differs"
            for number, mail in enumerate(variants(path.read_bytes()))
            if event(old, mail) != event(new, mail)]


def main() -> int:
    old, new, *folders = sys.argv[1:]
    paths = sorted(path for folder in folders
                   for path in Path(folder).rglob("*") if path.is_file())
    with ThreadPoolExecutor(2) as pool:
        found = sum(pool.map(lambda path: compare(old, new, path), paths), [])
    print("\n".join([*found, f"{len(paths)} files, {len(found)} differences"]))
    return 1 if found or not paths else 0


if __name__ == "__main__":
    sys.exit(main())
