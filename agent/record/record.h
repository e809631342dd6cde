/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A kernel record (bpf/wire.h), checked, as a view of the bytes it came in. The bytes are not
 * trusted: whatever is not exactly as wire.h has it is refused.
 */
#ifndef SESHAT_RECORD_RECORD_H
#define SESHAT_RECORD_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "bpf/wire.h"

/* What the kinds look like; registry_layout() has it of the probes. */
struct record_layout {
	size_t fixed_size[WIRE_KINDS]; /* bytes of the fixed part; 0: there is no such kind */
};

struct record_part {
	const char *data; /* NULL when the part is not there */
	size_t size;
	uint16_t flags; /* enum wire_part_flags */
	/* of a path that the kernel named: 0 for the host's */
	uint32_t mount_ns;
};

/* Everything is borrowed from the bytes that were decoded. */
struct record {
	const struct wire_header *header;
	union {
		const void *fixed;
		const struct wire_exec *exec;
		const struct wire_exit *exit;
		const struct wire_open *open;
		const struct wire_network *network;
		const struct wire_cgroup *cgroup;
		const struct wire_tty *tty;
		const struct wire_privilege *privilege;
		const struct wire_ptrace *ptrace;
		const struct wire_kernel *kernel;
		const struct wire_file *file;
		const struct wire_image *image;
		const struct wire_more *more;
	};
	struct record_part parts[WIRE_PARTS];
	struct bytes continued; /* the bytes of a WIRE_MORE record */
};

/*
 * Checks and views one record, which is at data, 8-byte aligned, and size bytes long.
 * Returns 0, or -EBADMSG, and then *ret is untouched.
 */
int record_decode(const struct record_layout *layout, const void *data, size_t size,
		  struct record *ret);

/* Do records of this kind take a number of their session? */
bool record_numbered(unsigned int kind);

/* The part's bytes if it is there and whole, else none. */
struct bytes record_bytes(const struct record *record, enum wire_part_type type);

#endif
