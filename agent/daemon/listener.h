/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A listening SOCK_SEQPACKET socket at a path, of which there is one at a time.
 */
#ifndef SESHAT_DAEMON_LISTENER_H
#define SESHAT_DAEMON_LISTENER_H

#include <sys/types.h>

struct listener {
	int fd;	    /* owned */
	int lock;   /* owned: of PATH.lock, which whoever listens at PATH holds */
	char *path; /* owned */
};

/* Begins a struct listener that holds nothing. */
#define LISTENER_NONE ((struct listener){ .fd = -1, .lock = -1 })

/*
 * Listens at the path; connections do not block. Everybody may connect (mode 0666) where the kernel can be told that no
 * descriptor comes with a message (SO_PASSRIGHTS, Linux 6.16): the last one to close a socket that lingers waits for it
 * (socket(7), SO_LINGER), so a stranger's could make the agent wait. Where it cannot, only root and the group may
 * ((gid_t)-1: root alone; mode 0660). A socket that a dead process has left there
 * is replaced, and the directory made (0755) when it is missing. Returns 0, -EADDRINUSE when another process
 * listens there, -EEXIST when something else than a socket is there, or another negative errno.
 */
int listener_open(struct listener *ret, const char *path, gid_t group);

/* Closes it and removes the socket and the lock. */
void listener_close(struct listener *listener);

#endif
