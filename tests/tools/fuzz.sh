#!/bin/sh
# fuzz.sh SECONDS PROGRAM... - run each fuzz target that long.  Seeds are in
# tests/fuzz/corpus/NAME; what is found goes to build/fuzz/corpus/NAME, and an
# input that breaks something to build/fuzz/NAME-*.
set -eu
cd "$(dirname "$0")/../.."
seconds=$1
shift

test $# -gt 0 || { echo "no fuzz targets in tests/fuzz"; exit 0; }
for program; do
	name=$(basename "$program")
	mkdir -p "build/fuzz/corpus/$name"
	seeds=""
	test ! -d "tests/fuzz/corpus/$name" || seeds="tests/fuzz/corpus/$name"
	# Mails are seeds as they are.
	test "$name" != fuzz_envelope || seeds="$seeds tests/mails"
	dictionary=""
	test ! -f "tests/fuzz/$name.dict" ||
	    dictionary="-dict=tests/fuzz/$name.dict"
	echo "== $name, $seconds s"
	# shellcheck disable=SC2086
	"$program" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 \
	    -print_final_stats=1 -artifact_prefix="build/fuzz/$name-" \
	    $dictionary "build/fuzz/corpus/$name" $seeds 2>build/fuzz/"$name".log || {
		tail -n 60 "build/fuzz/$name.log"
		exit 1
	}
	grep -E 'stat::(number_of_executed_units|new_units_added)' \
	    "build/fuzz/$name.log" || true
done
