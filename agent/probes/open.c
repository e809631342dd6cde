/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.disk: a file was opened, or an attempt failed.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#include "probes/members.h"
#include "probes/probes.h"
#include "record/names.h"

enum {
	HEX_SIZE = 24, /* "0x", 16 digits and a NUL */
};

/* Writes the names of the bits in rest, then those without one as a number. */
static void encode_names(struct json *json, const char *(*next)(struct flag_walk *), uint64_t rest)
{
	struct flag_walk walk = { .rest = rest };
	char hex[HEX_SIZE];
	const char *name;

	while ((name = next(&walk)))
		json_plain(json, NULL, name);
	if (walk.rest == 0)
		return;
	snprintf(hex, sizeof(hex), "0x%" PRIx64, walk.rest);
	json_plain(json, NULL, hex);
}

/* open_tree(2) has flags of its own; what it opens is as with O_PATH. */
static void encode_tree_flags(struct json *json, const struct wire_open *open)
{
	json_uint(json, "flags", open->flags);
	json_array_begin(json, "flag_names");
	json_plain(json, NULL, "O_PATH");
	encode_names(json, names_tree_flag, open->flags);
	json_array_end(json);
}

static void encode_flags(struct json *json, const struct wire_open *open)
{
	json_uint(json, "flags", open->flags);
	json_array_begin(json, "flag_names");
	json_plain(json, NULL, names_access_mode(open->flags));
	encode_names(json, names_open_flag, open->flags);
	json_array_end(json);
	if (open->resolve != 0) {
		json_array_begin(json, "resolve_names");
		encode_names(json, names_resolve_flag, open->resolve);
		json_array_end(json);
	}
	/* The flags of a descriptor that was received are those that the file keeps: with what mode it was made, it does not. */
	if (open->via == WIRE_VIA_PIDFD_GETFD || open->via == WIRE_VIA_SCM_RIGHTS)
		return;
	if ((open->flags & O_CREAT) || (open->flags & O_TMPFILE) == O_TMPFILE)
		json_octal(json, "mode", open->mode);
}

/* What the request is relative to. Message queues are in a file system that hangs in no tree (mq_overview(7)). */
static struct bytes open_base(const struct record *record)
{
	if (record->open->via == WIRE_VIA_MQ_OPEN)
		return bytes_of("(unreachable)/");
	return record_bytes(record, WIRE_PART_BASE);
}

static void encode_open(struct json *json, const struct probe_input *input)
{
	const struct record *record = input->record;
	const struct wire_open *open = record->open;
	const struct record_part *opened = NULL;
	struct bytes path = { 0 };

	if (open->return_code >= 0) {
		opened = &record->parts[WIRE_PART_PATH];
		path = record_bytes(record, WIRE_PART_PATH);
	}
	if (members_path(json, path, &record->parts[WIRE_PART_REQUEST], open_base(record)))
		members_place(json, "path", opened, &record->parts[WIRE_PART_BASE]);
	if (open->via == WIRE_VIA_OPEN_TREE)
		encode_tree_flags(json, open);
	else if (!(open->notes & WIRE_OPEN_UNKNOWN))
		encode_flags(json, open);
	if (open->created)
		json_boolean(json, "created", true);
	if (!(open->notes & WIRE_OPEN_NO_RESULT))
		json_int(json, "return_code", open->return_code);
	if (path.size > 0) {
		members_file(json, open->inode, open->dev);
		if (record->parts[WIRE_PART_PATH].flags & WIRE_PATH_DELETED)
			json_boolean(json, "deleted", true);
	}
	members_via(json, open->via);
}

const struct probe probe_open = {
	.event = "session.disk",
	.fixed_size = sizeof(struct wire_open),
	.encode = encode_open,
};
