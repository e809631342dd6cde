#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# build.sh FOLDER: makes Debian packages of these sources in FOLDER, from a copy of them that is there while it works. The unit
# tests run only with DEB_BUILD_OPTIONS= (`make check` has all of them).
set -eu

folder=$1
version=$(dpkg-parsechangelog -l packaging/debian/changelog -S Version)
copy=$folder/work/seshat-${version%-*}

rm -rf "$folder"
sh packaging/copy.sh "$copy"
ln -s packaging/debian "$copy/debian"

# What make has told this program is not meant for the package's own make.
(
	unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES DESTDIR PREFIX V
	cd "$copy"
	DEB_BUILD_OPTIONS=${DEB_BUILD_OPTIONS-nocheck} dpkg-buildpackage -b -us -uc
) >"$folder/build.log" 2>&1 || {
	tail -n 40 "$folder/build.log" >&2
	echo "build.sh: the whole log is $folder/build.log" >&2
	exit 1
}
mv "$folder"/work/*.deb "$folder"/work/*.buildinfo "$folder"/work/*.changes "$folder/"
rm -rf "$folder/work"
ls "$folder"/*.deb
