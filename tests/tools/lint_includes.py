"""The include rule: dependencies point one way, and the core is pure.

Pure modules get bytes, answers and the time as arguments: they may include
nothing that does I/O or reads a clock, and call no such function.  Headers of
ours are followed, so that nothing comes in through a side door.
"""

import re
import sys
from pathlib import Path

PURE = ["bridge/imap/response*", "bridge/imap/session*", "bridge/imap/sasl.*",
        "bridge/imap/vendor.*", "bridge/watch/ack.*", "bridge/watch/catchup*",
        "bridge/watch/berths.*", "bridge/watch/ladder.*",
        "bridge/watch/fingerprint.*", "bridge/watch/rematch*",
        "bridge/uidset*", "bridge/publish/budget.*", "bridge/envelope/*",
        "bridge/auth/jwt.*", "bridge/auth/advice.*"]
IMPURE_HEADERS = {
    "uv.h", "curl/curl.h", "sqlite3.h", "hiredis/hiredis.h",
    "hiredis/async.h", "librdkafka/rdkafka.h", "sys/socket.h", "netdb.h",
    "poll.h", "sys/epoll.h", "sys/time.h", "unistd.h", "fcntl.h",
    "openssl/ssl.h", "sys/stat.h", "sys/mman.h"}
IMPURE_CALLS = re.compile(
    r"\b(time|clock_gettime|gettimeofday|clock|fopen|open|openat|socket|"
    r"connect|getenv|rand|random|getrandom|printf|log_write|sleep|usleep|"
    r"nanosleep|localtime|localtime_r|mktime)\s*\(")

# Who may not know whom: (files, headers, reason).
FORBIDDEN = [
    (["sinks/*", "sinks/*/*"],
     r"(^|/)(watcher|bridge|pipeline|checkpoint)\.h$|(^|/)imap/",
     "a sink knows events, not where they come from"),
    (["bridge/imap/*"],
     r"(^|/)(watcher|bridge|pipeline|checkpoint)\.h$|(^|/)sink\.h$",
     "the protocol knows neither watchers nor sinks"),
    (["bridge/envelope/*"], r"(^|/)imap/|(^|/)sink\.h$|(^|/)watcher\.h$",
     "the envelope is a function from bytes to bytes"),
    (["bridge/config/*"], r"(^|/)(watcher|bridge|pipeline)\.h$|(^|/)imap/",
     "the config is read before anything runs"),
]
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def matching(patterns: list) -> list:
    return sorted(path for pattern in patterns for path in Path().glob(pattern)
                  if path.suffix in (".c", ".h"))


def code(path: Path) -> str:
    text = re.sub(r"/\*.*?\*/", lambda m: re.sub(r"[^\n]", " ", m[0]),
                  path.read_text(), flags=re.S)
    return text


def includes(path: Path) -> list:
    return [name for _, name in INCLUDE.findall(code(path))]


def resolve(name: str, start: Path):
    """The file of ours that an include means, or None."""
    for folder in (start.parent, Path(".")):
        path = folder / name
        if path.is_file():
            return Path(*path.resolve().relative_to(Path.cwd()).parts)
    return None


def reached(path: Path, seen: dict) -> dict:
    """{header: the file that includes it}, through headers of ours."""
    for name in includes(path):
        ours = resolve(name, path)
        key = str(ours) if ours else name
        if key not in seen:
            seen[key] = path
            if ours:
                reached(ours, seen)
    return seen


def impure(path: Path):
    for header, by in reached(path, {}).items():
        if header in IMPURE_HEADERS:
            way = "" if by == path else f" (by {by})"
            yield f"{path}: pure code may not include <{header}>{way}"
    text = re.sub(r'"(?:\\.|[^"\\\n])*"', '""', code(path))
    for number, line in enumerate(text.splitlines(), 1):
        match = IMPURE_CALLS.search(line)
        if match and path.suffix == ".c":
            yield f"{path}:{number}: pure code may not call {match[1]}()"


def forbidden(files: list, pattern: str, reason: str):
    for path in matching(files):
        for name in includes(path):
            if re.search(pattern, name):
                yield f"{path}: may not include {name}: {reason}"


def main() -> int:
    found = [text for path in matching(PURE) for text in impure(path)]
    for rule in FORBIDDEN:
        found += forbidden(*rule)
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
