/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/proc.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int proc_exe_path(uint32_t pid, char *buf, size_t size)
{
	static const char suffix[] = " (deleted)";
	const size_t suffix_size = sizeof(suffix) - 1;
	char link[32];
	struct stat status;
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/%u/exe", pid);
	n = readlink(link, buf, size);
	if (n < 0)
		return -errno;
	if ((size_t)n == size)
		return -ENAMETOOLONG;
	/* A file may be called so in earnest: then it still has links. */
	if ((size_t)n > suffix_size && memcmp(buf + n - suffix_size, suffix, suffix_size) == 0 &&
	    stat(link, &status) == 0 && status.st_nlink == 0)
		n -= (ssize_t)suffix_size;
	return (int)n;
}
