/* SPDX-License-Identifier: Apache-2.0 */
#include "sinks/rotation.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

void rotation_fresh_name(const char *path, char ret[PATH_MAX])
{
	(void)snprintf(ret, PATH_MAX, "%s.new", path);
}

/* Number 0 is PATH itself. */
static void rotation_name(const char *path, unsigned int number, char ret[PATH_MAX])
{
	if (number == 0)
		(void)snprintf(ret, PATH_MAX, "%s", path);
	else
		(void)snprintf(ret, PATH_MAX, "%s.%u", path, number);
}

static bool rotation_exists(const char *path, unsigned int number)
{
	char name[PATH_MAX];
	struct stat status;

	rotation_name(path, number, name);
	return lstat(name, &status) == 0; /* what else is wrong rename(2) will say */
}

static int rotation_move(const char *path, unsigned int from, unsigned int to)
{
	char old_name[PATH_MAX], new_name[PATH_MAX];

	rotation_name(path, from, old_name);
	rotation_name(path, to, new_name);
	return rename(old_name, new_name) < 0 ? -errno : 0;
}

/* The number that the shift ends at: the first that is free, or the last that is kept. */
static unsigned int rotation_end(const char *path, unsigned int keep)
{
	unsigned int number = 1;

	while (number != keep && number < UINT_MAX && rotation_exists(path, number))
		number++;
	return number;
}

/* There are some when fewer are kept than before. */
static void rotation_remove_older(const char *path, unsigned int keep)
{
	char name[PATH_MAX];

	for (unsigned int number = keep + 1; number > keep; number++) {
		rotation_name(path, number, name);
		if (unlink(name) < 0)
			return;
	}
}

int rotation_shift(const char *path, unsigned int keep)
{
	char fresh[PATH_MAX];
	int r;

	/* From the end, so that a file is only ever moved to a name that is free, or out of date. */
	for (unsigned int number = rotation_end(path, keep); number > 0; number--) {
		r = rotation_move(path, number - 1, number);
		if (r < 0)
			return r;
	}
	rotation_fresh_name(path, fresh);
	if (rename(fresh, path) < 0) {
		r = -errno;
		(void)rotation_move(path, 1, 0); /* r tells what failed */
		return r;
	}
	if (keep > 0)
		rotation_remove_older(path, keep);
	return 0;
}
