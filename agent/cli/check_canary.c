/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/check_canary.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "session/cgroup.h"

/* What the canary executes: it is everywhere, and does nothing. */
#define PROGRAM "/bin/true"

#define FOLDER "/tmp/seshat-check.XXXXXX"

/* What it says when it is done: whether a child could leave the cgroup. */
static const char MOVED = '1', STAYED = '0';

/* ---- what is there before it starts ---- */

static char *path_in(const char *folder, const char *name)
{
	char *path;

	return asprintf(&path, "%s/%s", folder, name) < 0 ? NULL : path;
}

static int make_folder(struct canary *canary)
{
	char name[] = FOLDER;

	if (!mkdtemp(name))
		return -errno;
	canary->folder = realpath(name, NULL); /* as the kernel is going to show it */
	if (!canary->folder) {
		(void)rmdir(name);
		return -ENOMEM;
	}
	canary->absent = path_in(canary->folder, "absent");
	canary->created = path_in(canary->folder, "created");
	canary->socket = path_in(canary->folder, "socket");
	canary->exe = realpath(PROGRAM, NULL);
	if (!canary->absent || !canary->created || !canary->socket || !canary->exe)
		return -ENOMEM;
	canary->facts.exe = canary->exe;
	canary->facts.absent = canary->absent;
	canary->facts.created = canary->created;
	canary->facts.socket = canary->socket;
	return 0;
}

static struct sockaddr_in loopback(uint16_t port)
{
	return (struct sockaddr_in){
		.sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
}

static int listen_inet(int type, int *ret, uint16_t *ret_port)
{
	_cleanup_close_ int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
	struct sockaddr_in address = loopback(0);
	socklen_t size = sizeof(address);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &size) < 0)
		return -errno;
	if (type == SOCK_STREAM && listen(fd, 1) < 0)
		return -errno;
	*ret = TAKE_FD(fd);
	*ret_port = ntohs(address.sin_port);
	return 0;
}

static struct sockaddr_un unix_address(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	/* The folder's name is short. */
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	return address;
}

static int listen_unix(const char *path, int *ret)
{
	_cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = unix_address(path);

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fd, 1) < 0)
		return -errno;
	*ret = TAKE_FD(fd);
	return 0;
}

static int prepare(struct canary *canary)
{
	_cleanup_free_ char *mount = NULL;
	int r = make_folder(canary);

	if (r == 0)
		r = listen_inet(SOCK_STREAM, &canary->tcp, &canary->facts.tcp_port);
	if (r == 0)
		r = listen_inet(SOCK_DGRAM, &canary->udp, &canary->facts.udp_port);
	if (r == 0)
		r = listen_unix(canary->facts.socket, &canary->unix_);
	if (r == 0 && cgroup_find_mount(&mount) == 0) {
		canary->cgroup = path_in(mount, "cgroup.procs");
		r = canary->cgroup ? 0 : -ENOMEM;
	}
	return r;
}

/* ---- what it does: in the canary, which has no one to tell but by its exit status ---- */

/* The exit status of a child that runs the function; -1: there was none. */
static int in_child(void (*function)(const struct canary *), const struct canary *canary)
{
	pid_t pid = fork();
	int status;

	if (pid < 0)
		return -1;
	if (pid == 0) {
		function(canary);
		_exit(1); /* it failed */
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void execute(const struct canary *canary)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null >= 0 && dup2(null, STDOUT_FILENO) >= 0 && dup2(null, STDERR_FILENO) >= 0)
		execl(canary->facts.exe, PROGRAM, NULL);
}

static void execute_absent(const struct canary *canary)
{
	execl(canary->facts.absent, canary->facts.absent, NULL);
}

static void leave_cgroup(const struct canary *canary)
{
	int fd = canary->cgroup ? open(canary->cgroup, O_WRONLY | O_CLOEXEC) : -1;

	if (fd >= 0 && write(fd, "0", 1) == 1)
		_exit(0);
}

static void open_files(const struct canary *canary)
{
	fd_close(open(canary->facts.created, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
	fd_close(open(canary->facts.absent, O_RDONLY | O_CLOEXEC));
}

static void speak(const struct canary *canary)
{
	struct sockaddr_in tcp_address = loopback(canary->facts.tcp_port);
	struct sockaddr_in udp_address = loopback(canary->facts.udp_port);
	struct sockaddr_un address = unix_address(canary->facts.socket);
	int tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int local = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	/* What fails is seen as a record that is missing. */
	(void)connect(tcp, (struct sockaddr *)&tcp_address, sizeof(tcp_address));
	(void)sendto(udp, "", 1, 0, (struct sockaddr *)&udp_address, sizeof(udp_address));
	(void)connect(local, (struct sockaddr *)&address, sizeof(address));
	fd_close(tcp);
	fd_close(udp);
	fd_close(local);
}

/* Reads one byte, and is done when the other end is closed, too: by the parent's death as well. */
static bool heard(int talk)
{
	ssize_t n;
	char byte;

	do
		n = read(talk, &byte, 1);
	while (n < 0 && errno == EINTR);
	return n == 1;
}

static _Noreturn void sing(const struct canary *canary, int talk)
{
	int moved;

	if (!heard(talk))
		_exit(CHECK_EXIT_CODE);
	(void)in_child(execute, canary);
	(void)in_child(execute_absent, canary);
	open_files(canary);
	speak(canary);
	moved = in_child(leave_cgroup, canary);
	if (write(talk, moved == 0 ? &MOVED : &STAYED, 1) == 1)
		(void)heard(talk); /* the session is closed before its leader ends */
	_exit(CHECK_EXIT_CODE);
}

/* ---- this process ---- */

int canary_start(struct canary *ret)
{
	pid_t parent = getpid();
	int ends[2], r;

	*ret = (struct canary){ .tcp = -1, .udp = -1, .unix_ = -1, .talk = -1 };
	r = prepare(ret);
	if (r < 0)
		return r;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return -errno;
	ret->talk = ends[1];
	ret->pid = fork();
	if (ret->pid == 0) {
		/* The parent may have died before it was said what is to happen then. */
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
			_exit(1);
		fd_close(ends[1]);
		sing(ret, ends[0]);
	}
	r = ret->pid < 0 ? -errno : 0;
	fd_close(ends[0]);
	if (r < 0)
		ret->pid = 0;
	return r;
}

int canary_run(struct canary *canary, uint32_t *ret_done)
{
	const uint32_t all = (UINT32_C(1) << CHECK_STEPS) - 1;
	ssize_t n = send(canary->talk, &MOVED, 1, MSG_NOSIGNAL);
	char byte = STAYED;

	if (n != 1)
		return -EPROTO;
	do
		n = read(canary->talk, &byte, 1);
	while (n < 0 && errno == EINTR);
	if (n != 1)
		return -EPROTO;
	*ret_done = byte == MOVED ? all : all & ~(UINT32_C(1) << CHECK_CGROUP);
	return 0;
}

void canary_finish(struct canary *canary)
{
	canary->talk = fd_close(canary->talk);
	while (canary->pid > 0 && waitpid(canary->pid, NULL, 0) < 0 && errno == EINTR)
		;
	canary->pid = 0;
}

static void remove_file(const char *path)
{
	if (path)
		(void)unlink(path);
}

void canary_free(struct canary *canary)
{
	if (canary->pid > 0)
		(void)kill(canary->pid, SIGKILL);
	canary_finish(canary);
	fd_close(canary->tcp);
	fd_close(canary->udp);
	fd_close(canary->unix_);
	remove_file(canary->created);
	remove_file(canary->socket);
	if (canary->folder)
		(void)rmdir(canary->folder);
	free(canary->exe);
	free(canary->absent);
	free(canary->created);
	free(canary->socket);
	free(canary->folder);
	free(canary->cgroup);
	*canary = (struct canary){ .tcp = -1, .udp = -1, .unix_ = -1, .talk = -1 };
}
