/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.file: a name or a mount was made, removed or moved.
 */
#include <inttypes.h>
#include <stdio.h>

#include "probes/members.h"
#include "probes/probes.h"
#include "record/names.h"

enum {
	HEX_SIZE = 24, /* "0x", 16 digits and a NUL */
};

static void encode_flags(struct json *json, const struct wire_file *file)
{
	struct flag_walk walk = { .rest = file->flags };
	char hex[HEX_SIZE];
	const char *name;

	if (file->flags == 0)
		return;
	json_uint(json, "flags", file->flags);
	json_array_begin(json, "flag_names");
	while ((name = names_file_flag(&walk, file->operation)))
		json_plain(json, NULL, name);
	if (walk.rest != 0) {
		snprintf(hex, sizeof(hex), "0x%" PRIx64, walk.rest);
		json_plain(json, NULL, hex);
	}
	json_array_end(json);
}

/* A text as it was given, or nothing where there is none. */
static void encode_text(struct json *json, const char *key, struct bytes text)
{
	if (text.data)
		json_string(json, key, text);
}

/* What the second path is, and what else an operation has. */
static void encode_more(struct json *json, const struct record *record)
{
	static const struct path_keys new_keys = { "new_path", "requested_new_path",
						   "new_path_source" };
	static const struct path_keys source_keys = { .path = "source" };
	const struct record_part *request = &record->parts[WIRE_PART_NEW_REQUEST];
	struct bytes base = record_bytes(record, WIRE_PART_NEW_BASE);
	struct bytes name = record_bytes(record, WIRE_PART_NAME);

	if (record->file->operation == WIRE_FILE_SYMLINK) {
		encode_text(json, "target", name);
	} else if (record->file->operation == WIRE_FILE_MOUNT) {
		if (request->data &&
		    members_path_as(json, &source_keys, (struct bytes){ 0 }, request, base))
			members_place(json, "source", NULL, &record->parts[WIRE_PART_NEW_BASE]);
		encode_text(json, "fs_type", name);
	} else if (request->data &&
		   members_path_as(json, &new_keys, (struct bytes){ 0 }, request, base)) {
		members_place(json, "new_path", NULL, &record->parts[WIRE_PART_NEW_BASE]);
	}
}

static void encode_file(struct json *json, const struct probe_input *input)
{
	static const char *const operations[WIRE_FILE_OPERATIONS] = {
		[WIRE_FILE_UNLINK] = "unlink",	       [WIRE_FILE_RMDIR] = "rmdir",
		[WIRE_FILE_RENAME] = "rename",	       [WIRE_FILE_LINK] = "link",
		[WIRE_FILE_SYMLINK] = "symlink",       [WIRE_FILE_TRUNCATE] = "truncate",
		[WIRE_FILE_MOUNT] = "mount",	       [WIRE_FILE_UMOUNT] = "umount",
		[WIRE_FILE_MOVE_MOUNT] = "move_mount", [WIRE_FILE_PIVOT_ROOT] = "pivot_root",
		[WIRE_FILE_CHROOT] = "chroot",
	};
	const struct record *record = input->record;
	const struct wire_file *file = record->file;

	if (file->operation < WIRE_FILE_OPERATIONS)
		json_plain(json, "operation", operations[file->operation]);
	if (members_path(json, record_bytes(record, WIRE_PART_PATH),
			 &record->parts[WIRE_PART_REQUEST], record_bytes(record, WIRE_PART_BASE)))
		members_place(json, "path", &record->parts[WIRE_PART_PATH],
			      &record->parts[WIRE_PART_BASE]);
	encode_more(json, record);
	if (!(file->notes & WIRE_OPEN_UNKNOWN))
		encode_flags(json, file);
	if (!(file->notes & WIRE_OPEN_NO_RESULT))
		json_int(json, "return_code", file->return_code);
	members_via(json, file->via);
}

const struct probe probe_file = {
	.event = "session.file",
	.fixed_size = sizeof(struct wire_file),
	.encode = encode_file,
};
