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
/* The next name of a flag of that enum wire_file_operation, likewise. */
const char *names_file_flag(struct flag_walk *walk, unsigned int operation);

/* The name of the access mode in flags: never NULL. Flags with O_PATH have one too: O_RDONLY. */
const char *names_access_mode(uint64_t flags);

/* "AF_INET"; NULL when the number has no name. */
const char *names_family(unsigned int family);

/* "stream"; NULL when the number has no name. */
const char *names_socket_type(unsigned int type);

/* The name of an IP protocol as /etc/protocols has it; NULL when it has none here. */
const char *names_protocol(unsigned int protocol);

/* "cap_sys_admin"; NULL when the number has no name here. */
const char *names_capability(unsigned int number);

/* "socket_filter", of an enum bpf_prog_type; NULL when it has no name here. */
const char *names_bpf_type(unsigned int type);

/* The name of an enum wire_call, of those that records name; NULL for others. */
const char *names_call(unsigned int call);

enum {
	NAMES_SIGNAL_SIZE = 24,
};

/*
 * Writes "SIGKILL", "SIGRTMIN+3" (as the C library numbers them), or "SIG32" when there is no name.
 */
void names_signal(unsigned int number, char ret[NAMES_SIGNAL_SIZE]);

#endif
