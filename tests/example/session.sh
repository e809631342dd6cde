#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# What `make run` shows: a command that nobody can read at a glance, and what it really did.
#
#	JSON=1	the records as JSON lines, as they come, instead of readable ones
set -eu
cd "$(dirname "$0")/../.."

log=build/example.jsonl
scratch=$(mktemp -d)
server=

# The server is not of the session: it runs outside, and ends with this script.
finish() {
	if [ -n "$server" ]; then
		kill "$server" 2>/dev/null || true
		wait "$server" 2>/dev/null || true
	fi
	rm -rf "$scratch"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Opening the pipe waits for the server, and reading from it for its port: then it listens.
mkfifo "$scratch/port"
/usr/bin/python3 tests/example/server.py >"$scratch/port" &
server=$!
read -r port <"$scratch/port"

script=$(printf 'curl --silent --show-error http://127.0.0.1:%s/page\n' "$port" | base64 --wrap=0)
command="echo $script | base64 --decode | sh"

rm -f "$log"
if [ "${JSON:-}" = 1 ]; then
	echo "\$ build/seshat run -- sh -c '$command'"
	build/seshat run -- sh -c "$command"
	exit
fi

echo "\$ build/seshat run --pretty -o $log -- sh -c '$command'"
build/seshat run --pretty -o "$log" -- sh -c "$command"

# One record, whole: the first of event $1 that has $2 in it.
show() {
	record=$(grep -F "\"event\":\"$1\"" "$log" | grep -F "$2" | head -n 1)
	if [ -z "$record" ]; then
		echo "session.sh: no $1 record with $2 in $log" >&2
		exit 1
	fi
	printf '\n%s:\n%s\n' "$3" "$record"
}
echo
echo "The $(wc -l <"$log") records are in $log as JSON lines. Two of them:"
show session.command '"program":"curl"' "what was hidden in the base64"
show session.network "\"dst_port\":$port" "the connection that it made"
