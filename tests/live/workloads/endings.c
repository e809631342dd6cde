/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Children that end in every way: exit codes, signals with and without a core, threads that outlive the leader. Tells
 * each one's pid, the status that wait gave, and the processor time that it was charged with.
 */
#include "facts.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

static void *exit_after_leader(void *code)
{
	char folder[64];

	/* The leader is a zombie once it has left. */
	snprintf(folder, sizeof(folder), "/proc/%d", getpid());
	await_state(folder, 'Z');
	if ((long)code >= 256)
		syscall(SYS_exit_group, (int)(long)code - 256);
	syscall(SYS_exit, (int)(long)code);
	return NULL;
}

static void leave_thread(int leader_code, long thread_code)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, exit_after_leader, (void *)thread_code) != 0)
		die("thread");
	syscall(SYS_exit, leader_code);
}

static void die_by(int number, rlim_t core)
{
	struct rlimit limit = { .rlim_cur = core, .rlim_max = RLIM_INFINITY };
	sigset_t all;

	if (setrlimit(RLIMIT_CORE, &limit) < 0)
		die("setrlimit");
	signal(number, SIG_DFL);
	sigfillset(&all);
	sigprocmask(SIG_UNBLOCK, &all, NULL);
	kill(getpid(), number);
	pause();
}

static void burn(void)
{
	struct rusage usage;

	do {
		getrusage(RUSAGE_SELF, &usage);
	} while (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec < 50000 &&
		 usage.ru_utime.tv_sec == 0);
	_exit(0);
}

static void tell(const char *name, pid_t pid)
{
	struct rusage usage;
	struct facts f;
	int status;

	if (wait4(pid, &status, 0, &usage) != pid)
		die("wait4");
	facts_begin(&f, name);
	facts_add(&f, ",\"child\":%d,\"status\":%d,\"utime_us\":%ld,\"stime_us\":%ld", pid, status,
		  usage.ru_utime.tv_sec * 1000000 + usage.ru_utime.tv_usec,
		  usage.ru_stime.tv_sec * 1000000 + usage.ru_stime.tv_usec);
	facts_end(&f);
}

#define CHILD(name, action)         \
	do {                        \
		pid_t pid = fork(); \
		if (pid == 0) {     \
			action;     \
			_exit(98);  \
		}                   \
		tell(name, pid);    \
	} while (0)

int main(void)
{
	static const int codes[] = { 0, 1, 2, 77, 126, 127, 128, 254, 255 };
	static const int signals[] = { SIGHUP, SIGINT, SIGKILL, SIGTERM, SIGPIPE, SIGUSR1, 34, 64 };
	static const int cores[] = { SIGQUIT, SIGSEGV, SIGABRT, SIGBUS };

	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
		CHILD("exit", _exit(codes[i]));
	CHILD("exit", _exit(256 + 3));
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		CHILD("signal", die_by(signals[i], 0));
	for (size_t i = 0; i < sizeof(cores) / sizeof(*cores); i++)
		CHILD("signal", die_by(cores[i], 0));
	CHILD("core", die_by(SIGSEGV, RLIM_INFINITY));
	CHILD("leader", leave_thread(3, 5));
	CHILD("leader", leave_thread(3, 256 + 7));
	CHILD("leader", leave_thread(0, 0));
	CHILD("busy", burn());
	return 0;
}
