/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The names of rotated files: PATH is the log, PATH.1 the one before it, PATH.2 the one before that.
 */
#ifndef SESHAT_SINKS_ROTATION_H
#define SESHAT_SINKS_ROTATION_H

#include <limits.h>

enum {
	ROTATION_SUFFIX_SIZE = 12, /* of ".4294967295", with its NUL */
};

/* PATH.new: where the file that is to become PATH is made. */
void rotation_fresh_name(const char *path, char ret[PATH_MAX]);

/*
 * PATH becomes PATH.1, and what was PATH.1 becomes PATH.2, as far as there are any; then PATH.new becomes
 * PATH. At most keep files are kept (0: all); of more the oldest go. path must leave ROTATION_SUFFIX_SIZE
 * bytes of PATH_MAX.
 *
 * Whenever it is interrupted, every file is there under one of these names, and in order: a number may
 * be left out, PATH may be missing. Returns 0, or negative errno, and then PATH is what it was.
 */
int rotation_shift(const char *path, unsigned int keep);

#endif
