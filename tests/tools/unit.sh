#!/bin/sh
# unit.sh BUILD PROGRAM... - run the unit tests' programs, as many at once as
# there are processors, each one's output in one piece; RUNNER goes in front of
# each.  What events they made is left in BUILD/unit/events.
set -eu
dir=$1/unit
shift

run_one() {
	code=0
	# shellcheck disable=SC2086 # RUNNER is words
	EVENT_LOG=$PWD/$1.events ${RUNNER:-} "$1" >"$1.out" 2>&1 || code=$?
	flock "$2" sh -c 'echo "== $1"; cat "$1.out"' sh "$1"
	exit "$code"
}

if [ "${UNIT_ONE:-}" ]; then
	run_one "$1" "$dir"
fi
rm -f "$dir"/*.events
code=0
printf '%s\n' "$@" | sort -r | UNIT_ONE=1 xargs -P "$(nproc)" -n 1 \
    "$0" "${dir%/unit}" || code=1
cat "$dir"/*.events >"$dir/events" 2>/dev/null || true
exit "$code"
