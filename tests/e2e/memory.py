"""What a process holds in memory, as root sees it."""

import base64
import os
from pathlib import Path

import pytest

CHUNK = 16 * 1024 * 1024
OVERLAP = 4096


def needs_root() -> None:
    """The daemon is not dumpable: only root may look."""
    if os.geteuid() != 0:
        pytest.skip("only root can read the daemon's memory")


def regions(pid: int):
    """(from, to, name) of what can be written to, and of the stack."""
    for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
        place, mode, _, _, _, *name = line.split(maxsplit=5)
        if "r" in mode and "w" in mode:
            start, end = (int(part, 16) for part in place.split("-"))
            yield start, end, name[0] if name else "anonymous"


def pieces(pid: int):
    """The contents, in pieces that overlap; holes are left out."""
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for start, end, name in regions(pid):
            if end - start > 1 << 36:
                continue  # the sanitizer's shadow
            at = start
            while at < end:
                try:
                    memory.seek(at)
                    yield name, at, memory.read(min(CHUNK, end - at))
                except OSError:
                    pass
                at += CHUNK - OVERLAP


def forms(secret: str) -> list:
    """The secret as it is, and the parts of its base64 that do not depend on
    what stands before and after it."""
    found = [secret.encode()]
    for skip in range(3):
        text = base64.b64encode(b"x" * skip + secret.encode()).decode()
        found.append(text[4 if skip else 0:-4].encode())
    return found


def find(pid: int, secrets: dict) -> dict:
    """{name: where it is found, and what stands around it}"""
    wanted = [(name, form) for name, secret in secrets.items()
              for form in forms(secret)]
    found = {}
    for region, _, data in pieces(pid):
        # Most of it was never written to.
        data = bytes(64).join(filter(None, data.split(bytes(1024))))
        for name, form in wanted:
            index = data.find(form)
            if index != -1:
                around = data[max(0, index - 60):index + len(form) + 40]
                found[name] = f"in {region}: {around!r}"
    return found
