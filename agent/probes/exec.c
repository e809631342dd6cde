/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.command: a program was executed, or an attempt failed.
 */
#include <string.h>

#include "probes/members.h"
#include "probes/probes.h"

/* The next string of argv, its NUL left out; args goes on behind it. */
static struct bytes args_next(struct bytes *args)
{
	const char *end = memchr(args->data, '\0', args->size);
	struct bytes string = { .data = args->data, .size = args->size };

	if (end)
		string.size = (size_t)(end - args->data);
	args->data += string.size + (end ? 1 : 0);
	args->size -= string.size + (end ? 1 : 0);
	return string;
}

static void encode_argv(struct json *json, const struct record *record)
{
	const struct record_part *part = &record->parts[WIRE_PART_ARGS];
	struct bytes args = { .data = part->data, .size = part->size };
	uint32_t count = 0;

	if (args.size > 0) {
		json_string(json, "argv0", args_next(&args));
		count++;
	}
	json_array_begin(json, "argv");
	for (; args.size > 0; count++)
		json_string(json, NULL, args_next(&args));
	json_array_end(json);
	if ((part->flags & (WIRE_PART_UNREADABLE | WIRE_PART_LIMIT)) || count < record->exec->argc)
		json_boolean(json, "argv_truncated", true);
}

/*
 * The root for absolute requests, which may not be there; the descriptor's or working directory for
 * others.
 */
static enum wire_part_type exec_base(const struct record *record)
{
	const struct record_part *request = &record->parts[WIRE_PART_REQUEST];

	if (record->parts[WIRE_PART_BASE].data || (request->size > 0 && request->data[0] == '/'))
		return WIRE_PART_BASE;
	/* A descriptor that was none, or has closed on exec: nothing that the request could be put behind. */
	if (record->exec->flags & WIRE_EXEC_AT)
		return WIRE_PART_BASE;
	return WIRE_PART_CWD;
}

static void encode_path(struct json *json, const struct record *record, struct bytes image)
{
	enum wire_part_type base = exec_base(record);

	if (members_path(json, image, &record->parts[WIRE_PART_REQUEST],
			 record_bytes(record, base)))
		members_place(json, "path", image.size > 0 ? &record->parts[WIRE_PART_PATH] : NULL,
			      &record->parts[base]);
}

/* What only an executable has that the kernel named. */
static void encode_image(struct json *json, const struct record *record, struct bytes path)
{
	static const char memfd[] = "/memfd:";
	const size_t memfd_size = sizeof(memfd) - 1;
	uint16_t flags = record->parts[WIRE_PART_PATH].flags;

	members_file(json, record->exec->inode, record->exec->dev);
	if ((flags & WIRE_PATH_PSEUDO) && path.size >= memfd_size &&
	    memcmp(path.data, memfd, memfd_size) == 0)
		json_boolean(json, "memfd", true);
	if (flags & WIRE_PATH_DELETED)
		json_boolean(json, "deleted", true);
}

/* What the kernel started first, to load the executable. */
static void encode_loader(struct json *json, const struct record *record)
{
	struct bytes path = record_bytes(record, WIRE_PART_NEW_PATH);

	if (path.size == 0)
		return;
	json_path(json, "loader", &record->parts[WIRE_PART_NEW_PATH]);
	json_uint(json, "loader_inode", record->exec->loader_inode);
}

static void encode_exec(struct json *json, const struct probe_input *input)
{
	const struct record *record = input->record;
	const struct wire_exec *exec = record->exec;
	struct bytes image = record_bytes(record, WIRE_PART_PATH);
	bool runs = exec->return_code == 0 && image.size > 0;
	bool script = runs && (exec->flags & WIRE_EXEC_SCRIPT);
	bool plain = runs && !script;

	encode_path(json, record, plain ? image : (struct bytes){ 0 });
	encode_argv(json, record);
	json_path(json, "cwd", &record->parts[WIRE_PART_CWD]);
	json_int(json, "return_code", exec->return_code);
	if (script)
		json_path(json, "interpreter", &record->parts[WIRE_PART_PATH]);
	if (runs)
		encode_loader(json, record);
	if (plain)
		encode_image(json, record, image);
}

const struct probe probe_exec = {
	.event = "session.command",
	.fixed_size = sizeof(struct wire_exec),
	.encode = encode_exec,
};
