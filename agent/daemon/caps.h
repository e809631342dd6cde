/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's privileges (capabilities(7)): what it keeps, and why.
 */
#ifndef SESHAT_DAEMON_CAPS_H
#define SESHAT_DAEMON_CAPS_H

#include <stddef.h>

enum {
	DAEMON_CAPS_MAX = 64, /* more than any kernel has */
	DAEMON_CAPS_KEPT = 7,
};

/* One that is kept: its name ("cap_bpf"), and what it is needed for. */
struct daemon_cap {
	const char *name;
	const char *reason;
};

extern const struct daemon_cap daemon_caps_kept[DAEMON_CAPS_KEPT];

/*
 * Gives up all the others, for good: permitted and effective are reduced to those that are kept and there,
 * inheritable and ambient emptied, the bounding set reduced (as far as it is larger, that needs cap_setpcap),
 * and no_new_privs set. For the calling thread: call it before there are others. Returns 0 or negative errno;
 * on error some may be gone already.
 */
int daemon_caps_drop(void);

/*
 * The names of those in effect, in the kernel's order; one without a name is called by its number. The
 * caller frees each, and has room for DAEMON_CAPS_MAX. Returns how many, or negative errno.
 */
int daemon_caps_list(char *ret[DAEMON_CAPS_MAX]);

#endif
