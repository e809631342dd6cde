#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
#
# copy.sh FOLDER: copies the sources into FOLDER, without what was built of them and without their history.
set -eu

mkdir -p "$1"
tar -c --exclude=./build --exclude=./.git --exclude=__pycache__ . | tar -x -C "$1"
