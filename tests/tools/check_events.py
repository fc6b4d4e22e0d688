"""check_events.py PROGRAM FILE - every event that the unit tests made, a line
"FORMAT MODE EVENT" each, must fit the schema that PROGRAM prints."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from schemas import Schemas  # noqa: E402


def main() -> int:
    program, path = sys.argv[1:]
    schemas = Schemas(program)
    seen = set()
    for line in Path(path).read_bytes().splitlines():
        form, mode, data = line.split(b" ", 2)
        if data not in seen:
            seen.add(data)
            schemas.check(data, form.decode(), mode.decode())
    print(f"== {len(seen)} different events fit their schemas")
    return 0 if seen else 1


if __name__ == "__main__":
    sys.exit(main())
