#!/bin/sh
# Fetches what the tests use and Debian does not package, into .cache: a
# Python venv (PyPI), a Kafka broker (Maven Central), an OAuth2 server and a
# MIME parser (npm); what the consumers of docs/ need; and Cyrus
# and Courier, whose packages conflict with Dovecot's.
# Versions are pinned in tests/requirements.txt, the pom.xml and the
# package-lock.json files; when those change, it is fetched anew.
set -eu
cd "$(dirname "$0")/../.."

# fresh STAMP FILE - was FILE, as it is now, fetched already?
fresh() {
	cmp -s "$1" "$2"
}

mkdir -p .cache
if ! fresh .cache/venv/requirements.txt tests/requirements.txt; then
	echo "Fetching the Python packages of tests/requirements.txt"
	rm -rf .cache/venv
	python3 -m venv .cache/venv
	.cache/venv/bin/pip install -q -r tests/requirements.txt
	cp tests/requirements.txt .cache/venv/requirements.txt
fi

# mvn_libs NAME POM WHAT - what POM depends on, in .cache/NAME/libs
mvn_libs() {
	! fresh ".cache/$1/pom.xml" "$2" || return 0
	echo "Fetching $3 of $2"
	rm -rf ".cache/$1"
	mvn -B -q -f "$2" dependency:copy-dependencies \
	    -DincludeScope=runtime -DoutputDirectory="$PWD/.cache/$1/libs" \
	    </dev/null
	cp "$2" ".cache/$1/pom.xml"
}

mvn_libs kafka tests/e2e/kafka/pom.xml "the Kafka broker"
mvn_libs consumer-java docs/consumers/pom.xml "the Java consumer's libraries"

# npm_ci NAME FOLDER WHAT - the packages of FOLDER's lock file, in .cache/NAME
npm_ci() {
	lock=$2/package-lock.json
	! fresh ".cache/$1/fetched.json" "$lock" || return 0
	echo "Fetching $3 of $lock"
	rm -rf ".cache/$1"
	mkdir -p ".cache/$1"
	cp "$2/package.json" "$lock" ".cache/$1"
	(cd ".cache/$1" && npm ci --silent --no-audit --no-fund)
	cp "$lock" ".cache/$1/fetched.json"
}

# A person without node lacks only the tests that need it.
if command -v npm >/dev/null; then
	npm_ci oidc tests/e2e/oidc "the OAuth2 server"
	npm_ci schema tests/e2e/schema "the validators"
	npm_ci consumer-node docs/consumers "the Node consumer's packages"
	npm_ci mailparser tests/differential "the MIME parser"
fi

# unpack NAME PACKAGE... - what is not installed, since its packages conflict
# with Dovecot's, in .cache/NAME/root.  Libraries have these names in Debian 12
# only; elsewhere the tests go without that server.
unpack() {
	name=$1
	shift
	test ! -d ".cache/$name/root" || return 0
	echo "Fetching $*"
	rm -rf ".cache/$name"
	mkdir -p ".cache/$name"
	if (cd ".cache/$name" && apt-get -qq download "$@") 2>".cache/$name.log"
	then
		for package in ".cache/$name"/*.deb; do
			dpkg -x "$package" ".cache/$name/new"
		done
		rm ".cache/$name"/*.deb
		mv ".cache/$name/new" ".cache/$name/root"
	else
		echo "no $name for the tests: $(tail -n 1 ".cache/$name.log")"
	fi
}

if command -v apt-get >/dev/null; then
	unpack cyrus cyrus-common cyrus-caldav cyrus-imapd libical3 libshp2 \
	    libxapian30
	unpack courier courier-imap courier-base courier-authlib \
	    libcourier-unicode4 libgdbm6 libidn12 libgamin0 gamin
fi
