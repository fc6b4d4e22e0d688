#!/bin/sh
# `make lint`: every rule that a program can check.  All are run, then it
# fails if one did.  `make analyze`: the slow half of clang-tidy, which follows
# every path through a function (5 s a file).
set -u
cd "$(dirname "$0")/../.."
bin=.cache/venv/bin
failed=""

files=$(find bridge sinks tests \( -name '*.c' -o -name '*.h' \) | sort)
# Of the tests' code the compilers and cppcheck see enough.
sources=$(echo "$files" | grep '^[bs].*\.c$')
flags="-std=c11 -D_GNU_SOURCE -iquote . $(pkg-config --cflags libuv \
    libcurl libssl rdkafka hiredis jansson glib-2.0 sqlite3 yaml-0.1 \
    libmicrohttpd cmocka |
    sed 's/-I/-isystem /g')"

# check NAME COMMAND... - run it, and note its name when it fails
check() {
	name=$1
	shift
	if "$@"; then
		echo "ok: $name"
	else
		echo "FAILED: $name"
		failed="$failed $name"
	fi
}

# tidy CHECKS FILES - one file a process: version 14 sees ghosts of va_list in
# the second.
tidy() {
	export CHECKS="$1"
	echo "$2" | xargs -P "$(nproc)" -n 1 sh -c \
	    'clang-tidy --quiet --checks="$CHECKS" "$@" -- $FLAGS 2>build/tidy.$$ ||
	    { cat build/tidy.$$; exit 1; }' sh
}

# Suppressed: what this version gets wrong in sound code.
cpp_check() {
	cppcheck --quiet --std=c11 --language=c --error-exitcode=1 \
	    --enable=warning,performance,portability --inline-suppr \
	    --suppress=missingIncludeSystem --suppress=unknownMacro \
	    --suppress=funcArgOrderDifferent --suppress=comparePointers \
	    --suppress=returnDanglingLifetime --suppress=uninitvar \
	    --suppress=normalCheckLevelMaxBranches \
	    -j "$(nproc)" -D_GNU_SOURCE -I. bridge sinks
}

mkdir -p build
export FLAGS="$flags"
# shellcheck disable=SC2086
if [ "${1:-}" = analyze ]; then
	tidy "" "$(echo "$sources" | grep -v ^tests)"
	exit
fi
check clang-format $bin/clang-format --dry-run -Werror $files
check style $bin/python tests/tools/lint_style.py
check includes $bin/python tests/tools/lint_includes.py
check cppcheck cpp_check
check clang-tidy tidy "-clang-analyzer-*" "$sources"
rm -f build/tidy.*

test -z "$failed" || { echo "lint failed:$failed"; exit 1; }
