/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a workload knows about itself, as one JSON line on standard output, in one write each so that lines
 * of threads and children do not mix. Bytes that need not be text are given in hexadecimal.
 */
#ifndef SESHAT_LIVE_FACTS_H
#define SESHAT_LIVE_FACTS_H

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

struct facts {
	size_t size;
	char text[16384];
};

__attribute__((noreturn)) static inline void die(const char *what)
{
	fprintf(stderr, "workload: %s: %s\n", what, strerror(errno));
	_exit(99);
}

/* Until the thread of this folder in /proc is in that state ('S', 'Z'); nothing tells, so it is looked at until it is so. */
static inline void await_state(const char *folder, char wanted)
{
	char path[96], text[256], mark[8];
	FILE *file;

	snprintf(path, sizeof(path), "%s/stat", folder);
	snprintf(mark, sizeof(mark), ") %c ", wanted);
	do {
		file = fopen(path, "r");
		if (!file || !fgets(text, sizeof(text), file))
			die("stat");
		fclose(file);
	} while (!strstr(text, mark));
}

__attribute__((format(printf, 2, 3))) static inline void facts_add(struct facts *f,
								   const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(f->text + f->size, sizeof(f->text) - f->size, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= sizeof(f->text) - f->size) {
		errno = EOVERFLOW;
		die("facts");
	}
	f->size += (size_t)n;
}

static inline void facts_hex(struct facts *f, const char *name, const void *data, size_t size)
{
	const unsigned char *bytes = data;

	facts_add(f, ",\"%s\":\"", name);
	for (size_t i = 0; i < size; i++)
		facts_add(f, "%02x", bytes[i]);
	facts_add(f, "\"");
}

/* Who says it; NAME must need no escapes. */
static inline void facts_begin(struct facts *f, const char *name)
{
	uid_t uid, euid, suid;
	char comm[17] = "";
	struct stat st;

	if (getresuid(&uid, &euid, &suid) < 0)
		die("getresuid");
	prctl(PR_GET_NAME, comm);
	f->size = 0;
	facts_add(
		f,
		"{\"name\":\"%s\",\"pid\":%d,\"tid\":%d,\"ppid\":%d,\"uid\":%u,\"euid\":%u,\"gid\":%u",
		name, getpid(), gettid(), getppid(), uid, euid, getgid());
	facts_hex(f, "program", comm, strlen(comm));
	/* Not where there is no /proc. */
	if (stat("/proc/self/ns/mnt", &st) == 0)
		facts_add(f, ",\"mount_ns\":%lu", st.st_ino);
}

static inline void facts_end(struct facts *f)
{
	facts_add(f, "}\n");
	if (write(1, f->text, f->size) != (ssize_t)f->size)
		die("standard output");
}

/* Wait for one byte from FD (its writer says: go on). */
static inline void wait_byte(int fd)
{
	char c;

	if (read(fd, &c, 1) != 1)
		die("wait");
}

#endif
