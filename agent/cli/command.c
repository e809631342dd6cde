/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/command.h"

#include <errno.h>
#include <fcntl.h>
#include <paths.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "cli/status.h"

static bool is_executable(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return false;
	if (!S_ISREG(st.st_mode)) {
		errno = EACCES;
		return false;
	}
	return faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0;
}

/* Along PATH: the first that can be executed; *ret_error remembers one that was there but could not. */
static char *search(const char *name, int *ret_error)
{
	const char *variable = getenv("PATH");
	_cleanup_free_ char *list = strdup(variable ? variable : _PATH_DEFPATH);
	char *rest = list, *directory, *path;

	while (list && (directory = strsep(&rest, ":"))) {
		/* An empty entry is the working directory. */
		if (asprintf(&path, "%s%s%s", directory, *directory ? "/" : "", name) < 0)
			break;
		if (is_executable(path))
			return path;
		if (errno == EACCES)
			*ret_error = EACCES;
		free(path);
	}
	return NULL;
}

int command_find(struct command *ret, char **argv)
{
	int error = ENOENT;
	char *path;

	if (strchr(argv[0], '/')) {
		path = strdup(argv[0]);
		error = path && is_executable(path) ? 0 : errno;
	} else {
		path = *argv[0] ? search(argv[0], &error) : NULL;
		if (path)
			error = 0;
	}
	if (error) {
		free(path);
		log_error("cannot execute %s: %s", argv[0],
			  error == ENOENT ? "command not found" : strerror(error));
		return error == ENOENT || error == ENOTDIR ? STATUS_NOT_FOUND :
							     STATUS_NOT_EXECUTABLE;
	}
	*ret = (struct command){ .argv = argv, .path = path, .go = -1, .failure = -1 };
	return 0;
}

/* A file without a format that the kernel knows is a shell script, as execvp(3) has it. */
static void execute_script(const struct command *command)
{
	size_t count = 0;
	char **argv;

	while (command->argv[count])
		count++;
	argv = calloc(count + 2, sizeof(*argv));
	if (!argv)
		return;
	argv[0] = (char[]){ "sh" };
	argv[1] = command->path;
	for (size_t i = 1; i < count; i++)
		argv[i + 1] = command->argv[i];
	(void)execv(_PATH_BSHELL, argv);
	free(argv);
}

/* Until it executes, the child does nothing that a probe would report. */
static _Noreturn void child(const struct command *command, const struct signals *signals, int go,
			    int failure)
{
	char byte;
	int error;

	if (read(go, &byte, 1) != 1)
		_exit(STATUS_FAILED);
	signals_give(signals);
	(void)execv(command->path, command->argv);
	if (errno == ENOEXEC)
		execute_script(command);
	error = errno;
	(void)fd_write_all(failure, &error, sizeof(error));
	_exit(error == ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_EXECUTABLE);
}

int command_spawn(struct command *command, const struct signals *signals)
{
	_cleanup_close_ int go_read = -1, go_write = -1, failure_read = -1, failure_write = -1;
	int go[2], failure[2];
	pid_t pid;

	if (pipe2(go, O_CLOEXEC) < 0)
		return -errno;
	go_read = go[0];
	go_write = go[1];
	if (pipe2(failure, O_CLOEXEC) < 0)
		return -errno;
	failure_read = failure[0];
	failure_write = failure[1];
	pid = fork();
	if (pid < 0)
		return -errno;
	if (pid == 0) {
		go_write = fd_close(go_write);
		child(command, signals, go_read, failure_write);
	}
	command->pid = pid;
	command->go = TAKE_FD(go_write);
	command->failure = TAKE_FD(failure_read);
	return 0;
}

void command_go(struct command *command)
{
	(void)fd_write_all(command->go, "g", 1);
	command->go = fd_close(command->go);
}

int command_failure(struct command *command)
{
	int error = 0;
	/* Its end of the pipe closed on exec, or with the process: this waits for nobody. */
	ssize_t size = fd_read_all(command->failure, &error, sizeof(error));

	command->failure = fd_close(command->failure);
	return size == (ssize_t)sizeof(error) ? error : 0;
}

void command_forget(struct command *command)
{
	command->go = fd_close(command->go);
	command->failure = fd_close(command->failure);
}

void command_discard(struct command *command)
{
	if (command->pid > 0 && command->go >= 0) {
		/* Its end of the pipe closes: it exits by itself. */
		command->go = fd_close(command->go);
		while (waitpid(command->pid, NULL, 0) < 0 && errno == EINTR)
			;
	}
	command_forget(command);
	free(command->path);
	command->path = NULL;
}
