/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Try to leave the session in the way that argv[1] names, then open /none/WAY. Tells the process that does it, as it is
 * called outside of every namespace, and who its parent is by then.
 */
#include "facts.h"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/wait.h>

static const char *way;
static int go[2];

static void act(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/none/%s", way);
	if (open(path, O_RDONLY) >= 0 || errno != ENOENT)
		die("open");
}

static void tell(pid_t child, pid_t parent)
{
	struct facts f;

	facts_begin(&f, way);
	facts_add(&f, ",\"child\":%d,\"parent\":%d", child, parent);
	facts_end(&f);
}

static void wait_for(pid_t pid)
{
	if (pid < 0 || waitpid(pid, NULL, 0) != pid)
		die("child");
}

/* A child in new namespaces. */
static void cloned(uint64_t flags)
{
	struct clone_args args = { .flags = flags, .exit_signal = SIGCHLD };
	pid_t pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));

	if (pid == 0) {
		act();
		_exit(0);
	}
	wait_for(pid);
	tell(pid, getpid());
}

/* New namespaces for the process itself, then a child, which is the first of the pid and time namespaces. */
static void unshared(int flags)
{
	if (unshare(flags) < 0)
		die("unshare");
	cloned(0);
}

/* Those of a process outside of the session, our parent, as nsenter(1) does. */
static void entered(void)
{
	static const char *const NAMES[] = { "uts", "ipc", "net", "cgroup", "pid", "mnt" };
	int fds[6];

	if (unshare(CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWCGROUP) < 0)
		die("unshare");
	for (int i = 0; i < 6; i++) {
		char path[64];

		snprintf(path, sizeof(path), "/proc/%d/ns/%s", getppid(), NAMES[i]);
		fds[i] = open(path, O_RDONLY);
	}
	for (int i = 0; i < 6; i++)
		if (fds[i] < 0 || setns(fds[i], 0) < 0)
			die("setns");
	cloned(0);
}

/* A child of our parent's, which is not in the session. */
static void sibling(void)
{
	struct clone_args args = { .flags = CLONE_PARENT | CLONE_PIDFD };
	int pidfd = -1;
	pid_t pid;
	char c;

	args.pidfd = (uintptr_t)&pidfd;
	if (pipe2(go, O_CLOEXEC) < 0)
		die("pipe");
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0) {
		close(go[0]);
		act();
		_exit(0);
	}
	close(go[1]);
	if (pid < 0 || read(go[0], &c, 1) != 0)
		die("sibling");
	tell(pid, getppid());
}

/* The grandchild acts once its parent is gone and somebody else has become its parent. */
static void orphan(bool reaper)
{
	int said[2], done[2];
	pid_t pid, child;
	char c;

	if (reaper && prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		die("subreaper");
	if (pipe(go) < 0 || pipe(said) < 0 || pipe(done) < 0)
		die("pipe");
	pid = fork();
	if (pid == 0) {
		child = fork();
		if (child == 0) {
			close(done[0]);
			if (setsid() < 0 || read(go[0], &c, 1) != 1)
				_exit(1);
			act();
			child = getppid();
			_exit(write(done[1], &child, sizeof(child)) != sizeof(child));
		}
		_exit(write(said[1], &child, sizeof(child)) != sizeof(child));
	}
	wait_for(pid);
	close(done[1]);
	if (read(said[0], &child, sizeof(child)) != sizeof(child) || write(go[1], "", 1) != 1 ||
	    read(done[0], &pid, sizeof(pid)) != sizeof(pid))
		die("orphan");
	tell(child, pid);
	if (reaper)
		wait_for(child);
}

/* A pid namespace with two processes, whose first one is killed: the kernel ends the other one. */
static void init_killed(void)
{
	struct clone_args args = { .flags = CLONE_NEWPID, .exit_signal = SIGCHLD };
	pid_t pid;
	char c;

	if (pipe(go) < 0)
		die("pipe");
	pid = (pid_t)syscall(SYS_clone3, &args, sizeof(args));
	if (pid == 0) {
		if (fork() == 0) {
			act();
			if (write(go[1], "", 1) != 1)
				_exit(1);
		}
		for (;;)
			pause();
	}
	if (pid < 0 || read(go[0], &c, 1) != 1 || kill(pid, SIGKILL) < 0)
		die("kill");
	wait_for(pid);
	tell(pid, getpid());
}

static void login_uid(void)
{
	int fd = open("/proc/self/loginuid", O_WRONLY);

	if (fd < 0 || write(fd, "4711", 4) != 4)
		die("loginuid");
	cloned(0);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int flags;
	} SPACES[] = {
		{ "user", CLONE_NEWUSER },     { "mount", CLONE_NEWNS }, { "pid", CLONE_NEWPID },
		{ "net", CLONE_NEWNET },       { "uts", CLONE_NEWUTS },	 { "ipc", CLONE_NEWIPC },
		{ "cgroup", CLONE_NEWCGROUP },
	};
	int all = CLONE_NEWTIME;

	if (argc != 2)
		die("arguments");
	way = argv[1];
	for (size_t i = 0; i < sizeof(SPACES) / sizeof(SPACES[0]); i++) {
		if (strcmp(way, SPACES[i].name) == 0)
			cloned((uint64_t)SPACES[i].flags);
		all |= SPACES[i].flags;
	}
	if (strcmp(way, "time") == 0)
		unshared(CLONE_NEWTIME);
	else if (strcmp(way, "all") == 0)
		unshared(all);
	else if (strcmp(way, "entered") == 0)
		entered();
	else if (strcmp(way, "sibling") == 0)
		sibling();
	else if (strcmp(way, "orphan") == 0 || strcmp(way, "reaper") == 0)
		orphan(way[0] == 'r');
	else if (strcmp(way, "killed") == 0)
		init_killed();
	else if (strcmp(way, "loginuid") == 0)
		login_uid();
	return 0;
}
