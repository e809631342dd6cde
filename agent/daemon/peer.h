/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is at the other end of a connection, and what that gives the right to.
 */
#ifndef SESHAT_DAEMON_PEER_H
#define SESHAT_DAEMON_PEER_H

#include <sys/types.h>

enum peer_right {
	PEER_REFUSED, /* everybody else */
	PEER_READ,    /* the group: what changes nothing */
	PEER_ALL,     /* root */
};

/* As the kernel has known it since the connection was made. */
struct peer {
	pid_t pid; /* 0: of a pid namespace that is not below ours */
	uid_t uid;
	gid_t gid;
	int pidfd; /* -1: the process is gone, or the kernel has none */
	enum peer_right right;
};

/*
 * Looks at a connected socket; ret->pidfd is -1 as yet. Members of the group, supplementary ones too, may
 * read; (gid_t)-1 is nobody's. Returns 0 or negative errno.
 */
int peer_identify(int fd, gid_t group, struct peer *ret);

/*
 * A descriptor of the peer's process, the caller's to close. Exactly that process where the kernel has
 * SO_PEERPIDFD (6.5); before, whoever has its number now, which is the peer as long as it waits for a reply.
 * Returns it, or negative errno.
 */
int peer_open(int fd, const struct peer *peer);

#endif
