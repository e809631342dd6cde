#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# build.sh FOLDER: makes RPM packages of these sources in FOLDER. Where there is no database of RPM packages, as on Debian, nobody can
# say whether what they are built of is there: the compiler will.
#
# The packages do not say when and on which machine they were built: their time is SOURCE_DATE_EPOCH, or else that of the newest entry
# of Debian's changelog, as in the Debian packages.
set -eu

folder=$1
spec=packaging/rpm/seshat.spec
version=$(sed -n 's/^Version: *//p' $spec)

rm -rf "$folder"
mkdir -p "$folder/work/SOURCES"
sh packaging/copy.sh "$folder/work/seshat-$version"
tar -c -C "$folder/work" -f "$folder/work/SOURCES/seshat-$version.tar" "seshat-$version"

# What make has told this program is not meant for the package's own make.
unset MAKEFLAGS MFLAGS MAKELEVEL MAKEOVERRIDES DESTDIR PREFIX V
rpm -q rpm >/dev/null 2>&1 || nodeps=--nodeps
if [ -z "${SOURCE_DATE_EPOCH-}" ]; then
	newest=$(sed -n '/^ -- /{s/.*>  //p;q;}' packaging/debian/changelog)
	SOURCE_DATE_EPOCH=$(date -d "$newest" +%s)
fi
export SOURCE_DATE_EPOCH
top=$(cd "$folder/work" && pwd)
rpmbuild -bb ${nodeps:+"$nodeps"} --define "_topdir $top" --define "_rpmdir $top/RPMS" \
	--define 'use_source_date_epoch_as_buildtime 1' --define 'clamp_mtime_to_source_date_epoch 1' \
	--define '_buildhost reproducible' $spec >"$folder/build.log" 2>&1 || {
	tail -n 40 "$folder/build.log" >&2
	echo "build.sh: the whole log is $folder/build.log" >&2
	exit 1
}
mv "$folder"/work/RPMS/*/*.rpm "$folder/"
rm -rf "$folder/work"
ls "$folder"/*.rpm
