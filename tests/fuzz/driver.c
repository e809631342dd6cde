/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a fuzzer on files, or on all files of folders: a corpus is a test wherever there is a C
 * compiler.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "fuzz.h"

enum {
	INPUT_LIMIT = 16777216, /* bytes of one file */
};

static int run_file(int folder, const char *name)
{
	_cleanup_close_ int fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
	_cleanup_free_ uint8_t *data = malloc(INPUT_LIMIT);
	ssize_t size;

	if (fd < 0 || !data)
		return -errno;
	size = fd_read_all(fd, data, INPUT_LIMIT);
	if (size < 0)
		return (int)size;
	/* Exactly as large as the input: the address sanitizer sees reads beyond it. */
	data = reallocarray(data, size > 0 ? (size_t)size : 1, 1);
	if (!data)
		return -ENOMEM;
	LLVMFuzzerTestOneInput(data, (size_t)size);
	return 0;
}

static int run_folder(const char *name)
{
	struct dirent *entry;
	DIR *folder = opendir(name);
	int r = 0;

	if (!folder)
		return errno == ENOTDIR ? run_file(AT_FDCWD, name) : -errno;
	while (r == 0 && (entry = readdir(folder)))
		if (entry->d_name[0] != '.')
			r = run_file(dirfd(folder), entry->d_name);
	closedir(folder);
	return r;
}

int main(int argc, char **argv)
{
	log_set_program("driver");
	if (argc < 2) {
		log_error("usage: FUZZER FILE-OR-FOLDER...");
		return 2;
	}
	for (int i = 1; i < argc; i++) {
		int r = run_folder(argv[i]);

		if (r < 0) {
			log_error("%s: %s", argv[i], strerror(-r));
			return 1;
		}
	}
	return 0;
}
