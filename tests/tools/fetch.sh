#!/bin/sh
# Fetches what the tests use and Debian does not package, into .cache: a
# Python venv (PyPI), a Kafka broker (Maven Central) and an OAuth2 server (npm).
# Versions are pinned in tests/requirements.txt, tests/e2e/kafka/pom.xml and
# tests/e2e/oidc/package-lock.json; when those change, it is fetched anew.
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

if ! fresh .cache/kafka/pom.xml tests/e2e/kafka/pom.xml; then
	echo "Fetching the Kafka broker of tests/e2e/kafka/pom.xml"
	rm -rf .cache/kafka
	mvn -B -q -f tests/e2e/kafka/pom.xml dependency:copy-dependencies \
	    -DincludeScope=runtime -DoutputDirectory="$PWD/.cache/kafka/libs" \
	    </dev/null
	cp tests/e2e/kafka/pom.xml .cache/kafka/pom.xml
fi

# A person without node lacks only the tests that need it.
lock=tests/e2e/oidc/package-lock.json
if command -v npm >/dev/null && ! fresh .cache/oidc/fetched.json $lock; then
	echo "Fetching the OAuth2 server of $lock"
	rm -rf .cache/oidc
	mkdir -p .cache/oidc
	cp tests/e2e/oidc/package.json $lock .cache/oidc
	(cd .cache/oidc && npm ci --silent --no-audit --no-fund)
	cp $lock .cache/oidc/fetched.json
fi
