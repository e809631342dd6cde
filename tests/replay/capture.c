/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records what the probes say of a command, as it comes out of the ring buffer:
 *
 *	capture [-b OBJECT] FILE COMMAND [ARG...]
 *
 * with the probes of another BPF object, if one is given. Makes the *.ring files of this folder; as root.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/loader.h"
#include "kernel/ring.h"
#include "kernel/scope.h"
#include "session/cgroup.h"

enum { KEY = 1, RING_SIZE = 1 << 24 };

static int keep(void *userdata, const void *data, size_t size)
{
	return fwrite(data, 1, size, userdata) == size ? 0 : -EIO;
}

static const void *map_file(const char *path, size_t *ret_size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *data;

	if (fd < 0 || fstat(fd, &st) < 0)
		err(1, "%s", path);
	data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		err(1, "%s", path);
	*ret_size = (size_t)st.st_size;
	return data;
}

static pid_t start(char **argv, int *ret_go)
{
	int go[2];
	pid_t pid;
	char byte;

	if (pipe2(go, O_CLOEXEC) < 0)
		err(1, "pipe");
	pid = fork();
	if (pid < 0)
		err(1, "fork");
	if (pid == 0) {
		close(go[1]);
		if (read(go[0], &byte, 1) == 1)
			execv(argv[0], argv);
		_exit(127);
	}
	close(go[0]);
	*ret_go = go[1];
	return pid;
}

static void follow(const struct loader *loader, struct ring *ring)
{
	struct scope_accounts accounts;
	int count;

	do {
		count = ring_read(ring);
		if (count < 0 || scope_accounts(loader, KEY, &accounts) < 0)
			errx(1, "cannot read the ring");
		if (count == 0 && accounts.processes > 0 && ring_sleep(ring)) {
			(void)poll(&(struct pollfd){ .fd = ring_fd(ring), .events = POLLIN }, 1,
				   -1);
			ring_wake(ring);
		}
	} while (count > 0 || accounts.processes > 0);
}

int main(int argc, char **argv)
{
	struct loader_config config = { .ring_size = RING_SIZE };
	struct cgroup cgroup = CGROUP_NONE;
	char reason[LOADER_REASON_SIZE];
	struct loader *loader;
	struct ring *ring;
	int go, root;
	pid_t pid;
	FILE *out;

	if (argc > 4 && strcmp(argv[1], "-b") == 0) {
		config.elf = map_file(argv[2], &config.elf_size);
		argv += 2;
		argc -= 2;
	}
	if (argc < 3)
		errx(2, "usage: capture [-b OBJECT] FILE COMMAND [ARG...]");
	out = fopen(argv[1], "we");
	if (!out)
		err(1, "%s", argv[1]);
	config.plan = plan_tracepoint(&config.plan_size);
	if (loader_new(&loader, &config, reason) < 0)
		errx(1, "%s", reason);
	if (ring_new(&ring, loader, keep, out) < 0 || cgroup_create(&cgroup, "capture") < 0)
		errx(1, "cannot set up");
	root = open(cgroup.mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0 || loader_attach(loader, root, reason) < 0)
		errx(1, "%s", reason);
	pid = start(argv + 2, &go);
	if (scope_open(loader, KEY, cgroup.id, NULL) < 0 || cgroup_enter(&cgroup, pid) < 0)
		errx(1, "cannot mark the command");
	if (write(go, "g", 1) != 1)
		err(1, "cannot let the command go");
	follow(loader, ring);
	(void)waitpid(pid, NULL, 0);
	ring_free(ring);
	loader_free(loader);
	if (cgroup_remove(&cgroup, 1000) < 0 || fclose(out) != 0)
		errx(1, "cannot finish");
	return 0;
}
