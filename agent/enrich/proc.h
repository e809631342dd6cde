/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What /proc tells of a process.
 */
#ifndef SESHAT_ENRICH_PROC_H
#define SESHAT_ENRICH_PROC_H

#include <stddef.h>
#include <stdint.h>

/*
 * The path of the executable that the process runs now, without the " (deleted)" that the kernel
 * adds to an unlinked one. Writes up to size bytes without a final NUL; returns their number, or
 * negative errno (-ENAMETOOLONG when it does not fit).
 */
int proc_exe_path(uint32_t pid, char *buf, size_t size);

/* Fields of /proc/PID/stat, by their numbers in proc(5). */
enum proc_stat {
	PROC_STAT_FLAGS = 9,	/* PF_* of the kernel's linux/sched.h */
	PROC_STAT_THREADS = 20, /* how many */
};

/* One of these fields. Returns 0, -EBADMSG when the file is not as it should be, or another negative errno. */
int proc_stat(uint32_t pid, enum proc_stat field, uint64_t *ret);

/* The number that a file of /proc/PID consists of (sessionid, loginuid), or `missing`. */
uint32_t proc_number(uint32_t pid, const char *file, uint32_t missing);

#endif
