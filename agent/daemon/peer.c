/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/peer.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD \
	77 /* Linux 6.5; other architectures than the few odd ones have the same number */
#endif

enum {
	GROUPS_FIRST = 32, /* room for that many at first; few users are in more */
};

/* Is it among the supplementary groups, as they were at connect(2)? Returns 1, 0, or negative errno. */
static int is_member(int fd, gid_t group)
{
	socklen_t size = GROUPS_FIRST * sizeof(gid_t);
	_cleanup_free_ gid_t *groups = malloc(size);

	if (!groups)
		return -ENOMEM;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) < 0) {
		if (errno != ERANGE) /* now size is what it takes */
			return -errno;
		free(TAKE_PTR(groups));
		groups = malloc(size);
		if (!groups)
			return -ENOMEM;
		if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size) < 0)
			return -errno;
	}
	for (size_t i = 0; i < size / sizeof(gid_t); i++)
		if (groups[i] == group)
			return 1;
	return 0;
}

static int right_of(int fd, const struct ucred *cred, gid_t group)
{
	int r;

	if (cred->uid == 0)
		return PEER_ALL;
	if (group == (gid_t)-1)
		return PEER_REFUSED;
	if (cred->gid == group)
		return PEER_READ;
	r = is_member(fd, group);
	if (r < 0)
		return r;
	return r > 0 ? PEER_READ : PEER_REFUSED;
}

int peer_identify(int fd, gid_t group, struct peer *ret)
{
	struct ucred cred;
	socklen_t size = sizeof(cred);
	int right;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &size) < 0)
		return -errno;
	right = right_of(fd, &cred, group);
	if (right < 0)
		return right;
	*ret = (struct peer){
		.pid = cred.pid,
		.uid = cred.uid,
		.gid = cred.gid,
		.pidfd = -1,
		.right = (enum peer_right)right,
	};
	return 0;
}

int peer_open(int fd, const struct peer *peer)
{
	int pidfd;
	socklen_t size = sizeof(pidfd);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &size) == 0)
		return pidfd;
	if (errno != ENOPROTOOPT)
		return -errno;
	if (peer->pid <= 0)
		return -ESRCH;
	pidfd = (int)syscall(SYS_pidfd_open, peer->pid, 0);
	return pidfd < 0 ? -errno : pidfd;
}
