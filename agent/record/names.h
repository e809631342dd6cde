/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's numbers and their names.
 */
#ifndef SESHAT_RECORD_NAMES_H
#define SESHAT_RECORD_NAMES_H

#include <stddef.h>
#include <stdint.h>

/* Walks over the names of the bits in a number. Zeroed but for rest to begin with. */
struct flag_walk {
	uint64_t rest; /* bits that have not been named yet */
	size_t index;
};

/*
 * The next name of an open(2) flag but the access mode, or NULL: then walk->rest is what has no
 * name.
 */
const char *names_open_flag(struct flag_walk *walk);

/* The next name of an openat2(2) RESOLVE flag, likewise. */
const char *names_resolve_flag(struct flag_walk *walk);

/* The next name of an open_tree(2) flag, likewise. */
const char *names_tree_flag(struct flag_walk *walk);

/* The name of the access mode in flags: never NULL. Flags with O_PATH have one too: O_RDONLY. */
const char *names_access_mode(uint64_t flags);

/* "AF_INET"; NULL when the number has no name. */
const char *names_family(unsigned int family);

/* "stream"; NULL when the number has no name. */
const char *names_socket_type(unsigned int type);

/* The name of an IP protocol as /etc/protocols has it; NULL when it has none here. */
const char *names_protocol(unsigned int protocol);

enum {
	NAMES_SIGNAL_SIZE = 24,
};

/*
 * Writes "SIGKILL", "SIGRTMIN+3" (as the C library numbers them), or "SIG32" when there is no name.
 */
void names_signal(unsigned int number, char ret[NAMES_SIGNAL_SIZE]);

#endif
