#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# install.sh install|uninstall: what packaging/files names, to its place or away from it. From the environment: DESTDIR, and
# the folders that stand between "@" there.
set -eu

action=$1
: "${DESTDIR=}" "${PREFIX:?}" "${PAM_DIR:?}" "${UNIT_DIR:?}" "${ZSH_DIR:?}" "${DOC_DIR:?}"

place() {
	printf '%s\n' "$1" | sed -e "s,@PREFIX@,$PREFIX," -e "s,@PAM_DIR@,$PAM_DIR," -e "s,@UNIT_DIR@,$UNIT_DIR," \
		-e "s,@ZSH_DIR@,$ZSH_DIR," -e "s,@DOC_DIR@,$DOC_DIR,"
}

# The programs' paths are the ones that they are installed to.
with_prefix() {
	sed "s,/usr/\(s*bin/seshat\),$PREFIX/\1," "$1"
}

# do_install MODE SOURCE TARGET
do_install() {
	mode=$1
	if [ "$mode" = config ]; then
		[ ! -e "$3" ] || return 0
		mode=0644
	fi
	install -d "${3%/*}"
	case $2 in
	packaging/systemd/*.service | packaging/logrotate/*)
		with_prefix "$2" >"$3"
		chmod "$mode" "$3"
		;;
	*) install -m "$mode" "$2" "$3" ;;
	esac
}

# remove_folders FOLDER: and those above it, as far as they are ours and empty now. What is around them is everybody's.
remove_folders() {
	folder=$1
	while :; do
		case ${folder#"$DESTDIR"} in
		"$DOC_DIR" | "$DOC_DIR"/* | /etc/seshat | /usr/lib/systemd/journald@seshat.conf.d) ;;
		*) return 0 ;;
		esac
		rmdir "$folder" 2>/dev/null || return 0
		folder=${folder%/*}
	done
}

# do_uninstall MODE SOURCE TARGET: a configuration that somebody has changed stays.
do_uninstall() {
	if [ "$1" = config ] && ! with_prefix "$2" | cmp -s - "$3"; then
		return 0
	fi
	rm -f "$3"
	remove_folders "${3%/*}"
}

umask 022
while read -r mode sources target; do
	case $mode in
	'' | '#'*) continue ;;
	esac
	target=$DESTDIR$(place "$target")
	for source in $sources; do
		case $target in
		*/) "do_$action" "$mode" "$source" "$target${source##*/}" ;;
		*) "do_$action" "$mode" "$source" "$target" ;;
		esac
	done
done <"${0%/*}/files"
