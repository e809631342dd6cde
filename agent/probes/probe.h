/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A kind of audit record: one constant table entry and one file each.
 */
#ifndef SESHAT_PROBES_PROBE_H
#define SESHAT_PROBES_PROBE_H

#include <stddef.h>

#include "encode/json.h"
#include "enrich/enrich.h"
#include "record/record.h"
#include "session/session.h"
#include "session/table.h"

/* What an audit record is made of. Everything is borrowed during the call. */
struct probe_input {
	const struct session *session;
	struct session_table *sessions; /* all that are open; NULL: not known */
	const struct record *record;	/* NULL for what user space says itself */
	const void *event;		/* that: see the probe's file */
	struct enricher *enricher;
};

struct probe {
	const char *event; /* the audit record's name; NULL: there is none of that kind */
	size_t fixed_size; /* of the kernel record's fixed part; 0: not from the kernel */
	/* Writes the members after the envelope. Errors stick to the writer. */
	void (*encode)(struct json *json, const struct probe_input *input);
};

#endif
