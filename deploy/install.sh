#!/bin/sh
# install.sh BINARY DESTDIR PREFIX - what `make install` does.
set -eu
binary=$1
root=$2$3
prefix=$3
here=$(dirname "$0")

install -D -m 755 "$binary" "$root/bin/mailbridge"
install -D -m 644 "$here/../LICENSE" "$root/share/doc/mailbridge/LICENSE"
install -D -m 644 "$here/mailbridge.example.yaml" \
    "$root/share/doc/mailbridge/mailbridge.example.yaml"

install -m 644 "$here/microsoft365.md" "$here/google.md" \
    "$here"/../docs/*.md "$root/share/doc/mailbridge/"
for folder in examples consumers; do
	mkdir -p "$root/share/doc/mailbridge/$folder"
	find "$here/../docs/$folder" -maxdepth 1 -type f -exec \
	    install -m 644 {} "$root/share/doc/mailbridge/$folder/" \;
done

mkdir -p "$root/lib/systemd/system"
sed "s|@PREFIX@|$prefix|g" "$here/mailbridge.service" \
    >"$root/lib/systemd/system/mailbridge.service"

# The completions come from the program itself; one that cannot print them is
# installed without.
complete() {
	mkdir -p "$(dirname "$2")"
	"$binary" completion "$1" >"$2" 2>/dev/null || rm -f "$2"
}
complete bash "$root/share/bash-completion/completions/mailbridge"
complete zsh "$root/share/zsh/site-functions/_mailbridge"
echo "installed below $root"
