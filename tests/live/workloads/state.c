/* SPDX-License-Identifier: Apache-2.0 */
/* Print everything that a process inherits, as text lines: what `seshat run` must leave as it was. */
#include "facts.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/stat.h>

extern char **environ;

static void print_signals(void)
{
	struct sigaction action;
	sigset_t mask;

	sigprocmask(SIG_BLOCK, NULL, &mask);
	for (int i = 1; i <= 64; i++) {
		int handler = sigaction(i, NULL, &action) < 0 ? -1 :
			      action.sa_handler == SIG_IGN    ? 1 :
			      action.sa_handler == SIG_DFL    ? 0 :
								2;

		printf("signal %d handler %d blocked %d\n", i, handler, sigismember(&mask, i));
	}
}

static void print_limits(void)
{
	struct rlimit limit;

	for (int i = 0; i < RLIMIT_NLIMITS; i++)
		if (getrlimit((__rlimit_resource_t)i, &limit) == 0)
			printf("limit %d %lu %lu\n", i, limit.rlim_cur, limit.rlim_max);
}

static void print_descriptors(void)
{
	char target[4096];
	struct stat st;

	for (int fd = 0; fd < 1024; fd++) {
		char link[64];
		ssize_t n;

		if (fcntl(fd, F_GETFD) < 0)
			continue;
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		n = readlink(link, target, sizeof(target));
		if (n < 0 || fstat(fd, &st) < 0)
			die("descriptor");
		printf("fd %d %.*s inode %lu flags %o close %d\n", fd, (int)n, target, st.st_ino,
		       fcntl(fd, F_GETFL), fcntl(fd, F_GETFD));
	}
}

/* Lines of /proc/self/status that a process inherits. */
static void print_status(void)
{
	static const char *const names[] = {
		"Umask:",  "Uid:",	  "Gid:",     "Groups:",       "SigIgn:",   "SigBlk:",
		"SigPnd:", "ShdPnd:",	  "CapInh:",  "CapPrm:",       "CapEff:",   "CapBnd:",
		"CapAmb:", "NoNewPrivs:", "Seccomp:", "Cpus_allowed:", "TracerPid:"
	};
	char line[1024];
	FILE *file = fopen("/proc/self/status", "r");

	if (!file)
		die("status");
	while (fgets(line, sizeof(line), file))
		for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
			if (strncmp(line, names[i], strlen(names[i])) == 0)
				fputs(line, stdout);
	fclose(file);
}

static void print_file(const char *path)
{
	char text[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text));

	printf("%s %.*s\n", path, n < 0 ? 0 : (int)n, text);
	if (fd >= 0)
		close(fd);
}

static void print_namespaces(void)
{
	static const char *const names[] = { "cgroup", "ipc",  "mnt", "net",
					     "pid",    "user", "uts", "time" };
	char link[64], target[256];

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		ssize_t n;

		snprintf(link, sizeof(link), "/proc/self/ns/%s", names[i]);
		n = readlink(link, target, sizeof(target));
		printf("namespace %.*s\n", n < 0 ? 0 : (int)n, target);
	}
}

int main(int argc, char **argv)
{
	char cwd[4096];
	int death = 0, reaper = 0;

	print_descriptors();
	for (int i = 0; i < argc; i++)
		printf("argument %s\n", argv[i]);
	for (char **e = environ; *e; e++)
		printf("environment %s\n", *e);
	print_signals();
	print_limits();
	print_status();
	print_namespaces();
	print_file("/proc/self/oom_score_adj");
	print_file("/proc/self/loginuid");
	print_file("/proc/self/sessionid");
	print_file("/proc/self/timerslack_ns");
	prctl(PR_GET_PDEATHSIG, &death);
	prctl(PR_GET_CHILD_SUBREAPER, &reaper);
	printf("cwd %s\n", getcwd(cwd, sizeof(cwd)));
	printf("nice %d scheduler %d personality %d\n", getpriority(PRIO_PROCESS, 0),
	       sched_getscheduler(0), personality(0xffffffff));
	printf("dumpable %d keepcaps %d death %d reaper %d securebits %d\n", prctl(PR_GET_DUMPABLE),
	       prctl(PR_GET_KEEPCAPS), death, reaper, prctl(PR_GET_SECUREBITS));
	printf("session leader %d group leader %d group %s\n", getsid(0) == getpid(),
	       getpgrp() == getpid(), getpgrp() == getsid(0) ? "of the session" : "of its own");
	return 0;
}
