/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/proc.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

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

int proc_stat(uint32_t pid, enum proc_stat field, uint64_t *ret)
{
	char path[32], text[1024];
	const char *at;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "/proc/%u/stat", pid);
	n = fd_read_text(path, text, sizeof(text));
	if (n < 0)
		return (int)n;
	/* Behind the second field, the name, which may have anything in it, there are only numbers and a letter. */
	at = strrchr(text, ')');
	for (unsigned int i = 2; at && i < field; i++)
		at = strchr(at + 1, ' ');
	if (!at)
		return -EBADMSG;
	*ret = strtoull(at, NULL, 10);
	return 0;
}

uint32_t proc_number(uint32_t pid, const char *file, uint32_t missing)
{
	char path[64], text[32];

	(void)snprintf(path, sizeof(path), "/proc/%u/%s", pid, file);
	if (fd_read_text(path, text, sizeof(text)) <= 0)
		return missing;
	return (uint32_t)strtoul(text, NULL, 10);
}
