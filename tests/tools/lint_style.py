"""Banned words, length of functions and files; of Python files the length.

Functions are found as the house style writes them: the name starts a line,
the body ends with a brace that starts a line.
"""

import re
import sys
from pathlib import Path

FUNCTION_LINES = 100
FILE_LINES = 400
BANNED = {
    "sprintf": "snprintf", "vsprintf": "vsnprintf", "strcpy": "buf_puts",
    "strcat": "buf_puts", "strtok": "a scanner of its own",
    "sscanf": "strtoul and checks", "atoi": "strtol", "atol": "strtol",
    "gets": "fgets", "alloca": "malloc", "strncpy": "snprintf",
}
WORD = re.compile(r"\b(" + "|".join(BANNED) + r")\s*\(")
START = re.compile(r"^([a-z_][a-z0-9_]*)\(")


def without_comments_and_strings(text: str) -> str:
    """The same lines, with blanks in place of both."""
    pattern = r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
    return re.sub(pattern, lambda match: re.sub(r"[^\n]", " ", match[0]),
                  text, flags=re.S)


def functions(lines: list):
    """(name, first line, number of lines) of each definition."""
    name, start = "", 0
    for number, line in enumerate(lines, 1):
        match = START.match(line)
        if match:
            name, start = match[1], number
        elif name and line.rstrip().endswith(";") and not line.startswith(
                ("\t", " ")):
            name = ""
        elif line.startswith("}") and name:
            yield name, start, number - start + 1
            name = ""


def too_long(lines: list):
    if len(lines) > FILE_LINES:
        yield len(lines), f"more than {FILE_LINES} lines: look for a seam"


def complaints(path: Path):
    if path.suffix == ".py":
        yield from too_long(path.read_text().splitlines())
        return
    text = without_comments_and_strings(path.read_text())
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        match = WORD.search(line)
        if match:
            yield number, f"{match[1]} is banned: use {BANNED[match[1]]}"
        if "//" in line:
            yield number, "use /* */ comments"
        if re.match(r"\s*typedef\s+struct\b", line):
            yield number, "no typedef of a struct"
    yield from too_long(lines)
    for name, start, length in functions(lines):
        if length > FUNCTION_LINES:
            yield start, f"{name}: {length} lines, at most {FUNCTION_LINES}"


def main() -> int:
    found = 0
    for folder in ("bridge", "sinks", "tests", "deploy"):
        for path in sorted(Path(folder).rglob("*.*")):
            if path.suffix not in (".c", ".h", ".py"):
                continue
            for number, text in complaints(path):
                print(f"{path}:{number}: {text}")
                found += 1
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
