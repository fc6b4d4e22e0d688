#!/bin/sh
# Names the Debian or Ubuntu packages that are missing, and installs them.
#
#   deploy/deps.sh check build|test|bench    list what is missing, fail if any
#   deploy/deps.sh install build|test|bench  install what is missing
set -eu

# Build: what it is looked for by, and the package that brings it.
build_needs="
cmd:cc gcc
cmd:pkg-config pkg-config
header:stdio.h libc6-dev
pc:libuv libuv1-dev
pc:libcurl libcurl4-openssl-dev
pc:libssl libssl-dev
pc:rdkafka librdkafka-dev
pc:hiredis libhiredis-dev
pc:jansson libjansson-dev
pc:glib-2.0 libglib2.0-dev
pc:sqlite3 libsqlite3-dev
pc:yaml-0.1 libyaml-dev
pc:libmicrohttpd libmicrohttpd-dev
"

demo_needs="
cmd:python3 python3
cmd:openssl openssl
file:/usr/sbin/dovecot dovecot-core
file:/usr/lib/dovecot/imap dovecot-imapd
"

test_needs="
pc:cmocka libcmocka-dev
cmd:python3 python3
venv:python3 python3-venv
cmd:openssl openssl
file:/usr/sbin/dovecot dovecot-core
file:/usr/lib/dovecot/imap dovecot-imapd
file:/usr/lib/dovecot/lmtp dovecot-lmtpd
cmd:redis-server redis-server
file:/usr/sbin/nginx nginx-light
cmd:curl curl
cmd:javac default-jdk-headless
cmd:mvn maven
cmd:kcat kcat
cmd:node nodejs
cmd:npm npm
cmd:sqlite3 sqlite3
cmd:ip iproute2
file:/usr/sbin/nft nftables
cmd:clang clang
cmd:clang-tidy clang-tidy
asan:clang libclang-rt-dev
cmd:cppcheck cppcheck
cmd:valgrind valgrind
"

bench_needs="
cmd:mbsync isync
pc:gmime-3.0 libgmime-3.0-dev
"

# present KIND:WHAT - is it on this machine?
present() {
	what=${1#*:}
	case $1 in
	cmd:*) command -v "$what" >/dev/null 2>&1 ;;
	file:*) test -e "$what" ;;
	pc:*) pkg-config --exists "$what" 2>/dev/null ;;
	header:*) echo "#include <$what>" | cc -E - >/dev/null 2>&1 ;;
	venv:*) "$what" -c 'import venv, ensurepip' >/dev/null 2>&1 ;;
	asan:*) test -n "$(find /usr/lib/llvm-*/lib/clang -name \
	    'libclang_rt.fuzzer*' 2>/dev/null | head -n 1)" ;;
	esac
}

# missing LIST - print the packages of it that are not there
missing() {
	echo "$1" | while read -r probe package; do
		test -z "$probe" || present "$probe" || echo "$package"
	done
}

needs() {
	case $1 in
	build) echo "$build_needs" ;;
	demo) echo "$build_needs$demo_needs" ;;
	test) echo "$build_needs$test_needs" ;;
	bench) echo "$build_needs$test_needs$bench_needs" ;;
	*) echo "deps.sh: unknown group '$1'" >&2; exit 64 ;;
	esac
}

as_root() {
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null 2>&1; then
		sudo "$@"
	else
		echo "deps.sh: not root and no sudo; run as root: $*" >&2
		exit 77
	fi
}

install() {
	if ! command -v apt-get >/dev/null 2>&1; then
		echo "deps.sh: no apt-get here; install what these Debian" \
		    "packages hold:" $1 >&2
		exit 69
	fi
	options="-y --no-install-recommends -o DPkg::Lock::Timeout=300"
	# Old package lists name files that are gone: update, then once more.
	# shellcheck disable=SC2086
	as_root env DEBIAN_FRONTEND=noninteractive \
	    apt-get install $options $1 </dev/null ||
	    { as_root apt-get update &&
	    as_root env DEBIAN_FRONTEND=noninteractive \
	    apt-get install $options $1 </dev/null; }
}

verb=${1:-}
group=${2:-}
packages=$(missing "$(needs "$group")" | sort -u | tr '\n' ' ')

case $verb in
check)
	test -z "$packages" && exit 0
	way=deps
	test "$group" = build || way=$group-deps
	{
		echo "Missing Debian packages: $packages"
		echo "Install them with: make $way"
	} >&2
	exit 1
	;;
install)
	test -z "$packages" && exit 0
	echo "Installing: $packages"
	install "$packages"
	left=$(missing "$(needs "$group")" | sort -u | tr '\n' ' ')
	test -z "$left" && exit 0
	echo "deps.sh: still missing after the install: $left" >&2
	exit 69
	;;
*)
	sed -n '2,6s/^# \{0,1\}//p' "$0" >&2
	exit 64
	;;
esac
