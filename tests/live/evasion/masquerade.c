/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Run as one program and claim to be another, argv[1]: nothing of the program's own file stays mapped, and prctl(2) makes
 * the kernel show the other one as /proc/PID/exe. Tells what the kernel shows, then opens argv[2], and once more in a child.
 * With a third argument it first becomes an ordinary user, in a user namespace of its own.
 */
#include "facts.h"

#include <fcntl.h>
#include <linux/prctl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/wait.h>

enum { RANGES = 64, STAT_FIELDS = 52 };

struct range {
	char *start;
	size_t size;
	int protection;
};

static int ranges_read(struct range *ranges, const char *file)
{
	char line[8192], path[4096], mode[5];
	unsigned long start, end;
	FILE *maps = fopen("/proc/self/maps", "r");
	int count = 0;

	if (!maps)
		die("maps");
	while (count < RANGES && fgets(line, sizeof(line), maps)) {
		if (sscanf(line, "%lx-%lx %4s %*x %*s %*u %4095[^\n]", &start, &end, mode, path) !=
			    4 ||
		    strcmp(path, file) != 0)
			continue;
		ranges[count++] = (struct range){
			.start = (char *)start,
			.size = end - start,
			.protection = (mode[0] == 'r' ? PROT_READ : 0) |
				      (mode[1] == 'w' ? PROT_WRITE : 0) |
				      (mode[2] == 'x' ? PROT_EXEC : 0),
		};
	}
	fclose(maps);
	return count;
}

/* The same bytes in the same place, but of no file: each move is one system call, so the code under it never misses. */
static void range_detach(const struct range *range)
{
	char *copy =
		mmap(NULL, range->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (copy == MAP_FAILED)
		die("mmap");
	memcpy(copy, range->start, range->size);
	if (mprotect(copy, range->size, range->protection) < 0 ||
	    mremap(copy, range->size, range->size, MREMAP_MAYMOVE | MREMAP_FIXED, range->start) ==
		    MAP_FAILED)
		die("mremap");
}

static void stat_read(unsigned long *fields)
{
	char text[4096], *at;
	int fd = open("/proc/self/stat", O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

	if (n <= 0)
		die("stat");
	close(fd);
	text[n] = '\0';
	at = strrchr(text, ')');
	for (int i = 3; i <= STAT_FIELDS; i++) {
		at = at ? strchr(at, ' ') : NULL;
		if (!at)
			die("stat");
		fields[i] = strtoul(++at, NULL, 10);
	}
}

static int claim(const char *file)
{
	unsigned long fields[STAT_FIELDS + 1];
	struct prctl_mm_map map;

	stat_read(fields);
	map = (struct prctl_mm_map){
		.start_code = fields[26],
		.end_code = fields[27],
		.start_stack = fields[28],
		.start_data = fields[45],
		.end_data = fields[46],
		.start_brk = fields[47],
		.brk = (uintptr_t)sbrk(0),
		.arg_start = fields[48],
		.arg_end = fields[49],
		.env_start = fields[50],
		.env_end = fields[51],
	};
	map.exe_fd = (__u32)open(file, O_RDONLY);
	return prctl(PR_SET_MM, PR_SET_MM_MAP, &map, sizeof(map), 0);
}

static void become_ordinary(void)
{
	if (setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0)
		die("setresuid");
	/* What changed its user may not look at itself until it says so. */
	if (prctl(PR_SET_DUMPABLE, 1) < 0 || unshare(CLONE_NEWUSER) < 0)
		die("unshare");
}

static void tell(const char *name, const char *path)
{
	char exe[4096];
	struct facts f;
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	if (n < 0)
		die("readlink");
	exe[n] = '\0';
	facts_begin(&f, name);
	facts_add(&f, ",\"exe\":\"%s\"", exe);
	facts_end(&f);
	if (open(path, O_RDONLY) >= 0 || errno != ENOENT)
		die("open");
}

int main(int argc, char **argv)
{
	struct range ranges[RANGES];
	char exe[4096];
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	int count;
	pid_t pid;

	if (argc < 3 || n < 0)
		die("arguments");
	exe[n] = '\0';
	if (argc > 3)
		become_ordinary();
	count = ranges_read(ranges, exe);
	for (int i = 0; i < count; i++)
		range_detach(&ranges[i]);
	if (claim(argv[1]) < 0)
		die("prctl");
	tell("self", argv[2]);
	pid = fork();
	if (pid == 0) {
		tell("child", argv[2]);
		_exit(0);
	}
	return pid < 0 || waitpid(pid, NULL, 0) != pid;
}
