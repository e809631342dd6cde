/* SPDX-License-Identifier: Apache-2.0 */
/*
 * In a child of the test: the probes, attached to this machine for as long as that child lives, and processes that they
 * report of. Pins are in a BPF file system that only the child has mounted; it goes with the child, and what is pinned
 * with it.
 */
#ifndef SESHAT_TESTS_ATTACHED_H
#define SESHAT_TESTS_ATTACHED_H

#include "child.h"

#include <poll.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "kernel/loader.h"
#include "kernel/ring.h"
#include "kernel/scope.h"
#include "session/cgroup.h"

#define ATTACHED_BPFFS "/tmp" /* something that is everywhere; others see what was there before */
#define ATTACHED_PIN   ATTACHED_BPFFS "/seshat"

enum {
	ATTACHED_RING = 1 << 20,
	ATTACHED_KEY = 77,
	ATTACHED_WAIT_MS = 10000, /* more than anything takes */
};

/* A process that does what it is told once it is told to go. */
struct audited {
	pid_t pid;
	int pidfd;
	int go;	  /* written to: how often */
	int done; /* read from: it has */
};

static inline struct loader_config attached_config(const char *pin)
{
	struct loader_config config = { .ring_size = ATTACHED_RING, .pin = pin };

	config.plan = plan_tracepoint(&config.plan_size);
	return config;
}

/* Loads; ends the child where that cannot be. */
static inline struct loader *attached_load(const struct loader_config *config)
{
	char reason[LOADER_REASON_SIZE] = "";
	struct loader *loader = NULL;
	int r;

	if (geteuid() != 0)
		child_unable("root");
	r = loader_new(&loader, config, reason);
	if (r == -EPERM)
		child_unable("root, and the right to load BPF programs");
	if (r < 0) {
		dprintf(STDERR_FILENO, "%s\n", reason);
		_exit(CHILD_WRONG);
	}
	return loader;
}

static inline int attached_root(void)
{
	char *mount = NULL;
	int root;

	child_check(cgroup_find_mount(&mount) == 0);
	root = open(mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	child_check(root >= 0);
	free(mount);
	return root;
}

static inline void attached_attach(struct loader *loader)
{
	char reason[LOADER_REASON_SIZE] = "";
	int root = attached_root();

	if (loader_attach(loader, root, reason) < 0) {
		dprintf(STDERR_FILENO, "%s\n", reason);
		_exit(CHILD_WRONG);
	}
	fd_close(root);
}

/* A BPF file system of the child's own, with a directory for the pins. */
static inline void attached_mount(void)
{
	if (geteuid() != 0)
		child_unable("root");
	child_own_mounts();
	if (mount("bpf", ATTACHED_BPFFS, "bpf", 0, NULL) < 0)
		child_unable("the right to mount a BPF file system");
	child_check(mkdir(ATTACHED_PIN, 0700) == 0);
}

/* Opens a file so often, each time that it is told to go, and says when it has, until it is told to end. */
static inline void audited_work(int go, int done)
{
	unsigned int times;

	while (read(go, &times, sizeof(times)) == sizeof(times)) {
		for (unsigned int i = 0; i < times; i++)
			close(open("/dev/null", O_RDONLY | O_CLOEXEC));
		child_check(write(done, &times, sizeof(times)) == sizeof(times));
	}
	_exit(0);
}

static inline struct audited audited_start(void)
{
	struct audited audited;
	int go[2], done[2];

	child_check(pipe(go) == 0 && pipe(done) == 0);
	audited.pid = fork();
	child_check(audited.pid >= 0);
	if (audited.pid == 0) {
		fd_close(go[1]);
		fd_close(done[0]);
		audited_work(go[0], done[1]);
	}
	fd_close(go[0]);
	fd_close(done[1]);
	audited.go = go[1];
	audited.done = done[0];
	audited.pidfd = (int)syscall(SYS_pidfd_open, audited.pid, 0);
	child_check(audited.pidfd >= 0);
	return audited;
}

/* When this returns it has opened a file so often, and the probes have run. */
static inline void audited_go(const struct audited *audited, unsigned int times)
{
	unsigned int done = 0;

	child_check(write(audited->go, &times, sizeof(times)) == sizeof(times));
	child_check(read(audited->done, &done, sizeof(done)) == sizeof(done) && done == times);
}

/* Ends it, and reaps it. */
static inline void audited_finish(struct audited *audited)
{
	int status;

	fd_close(audited->go);
	child_check(waitpid(audited->pid, &status, 0) == audited->pid && status == 0);
	fd_close(audited->pidfd);
	fd_close(audited->done);
}

/* The session ATTACHED_KEY, without a cgroup, of this process. */
static inline void audited_mark(const struct loader *loader, const struct audited *audited)
{
	const struct scope_accounts begin = { .processes = 1 };

	child_check(scope_open(loader, ATTACHED_KEY, 0, &begin) == 0);
	child_check(scope_mark(loader, ATTACHED_KEY, audited->pidfd, 1) == 0);
}

static inline struct scope_accounts attached_accounts(const struct loader *loader)
{
	struct scope_accounts accounts;

	child_check(scope_accounts(loader, ATTACHED_KEY, &accounts) == 0);
	return accounts;
}

/* What was read of the ring. */
struct attached_seen {
	uint64_t records;  /* all */
	uint64_t numbered; /* of ATTACHED_KEY */
	uint64_t sum;	   /* of their numbers */
};

static inline int attached_see(void *userdata, const void *data, size_t size)
{
	struct attached_seen *seen = userdata;
	struct wire_header header;

	child_check(size >= sizeof(header));
	memcpy(&header, data, sizeof(header));
	seen->records++;
	if (header.session != ATTACHED_KEY || header.kind == WIRE_IMAGE || header.kind == WIRE_MORE)
		return 0;
	seen->numbered++;
	seen->sum += header.number;
	return 0;
}

static inline struct ring *attached_ring(const struct loader *loader, struct attached_seen *seen)
{
	struct ring *ring = NULL;

	child_check(ring_new(&ring, loader, attached_see, seen) == 0);
	return ring;
}

/* Sleeps until the ring wakes it. */
static inline void attached_wait(struct ring *ring)
{
	struct pollfd woken = { .fd = ring_fd(ring), .events = POLLIN };

	child_check(poll(&woken, 1, ATTACHED_WAIT_MS) == 1);
}

#endif
