/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/pretty_rights.h"

#include <inttypes.h>
#include <json-c/json.h>

#include "base/bytes.h"
#include "cli/pretty_events.h"

enum {
	CAPABILITIES_SHOWN = 4, /* of more there is only the number */
};

/* " euid 1000 -> 0" for each id that is another one than before. */
static void describe_ids(struct text *text, struct json_object *record)
{
	static const char *const keys[] = { "uid", "euid", "suid", "fsuid",
					    "gid", "egid", "sgid", "fsgid" };
	struct json_object *before, *after;
	int64_t from, to;

	if (!json_object_object_get_ex(record, "before", &before) ||
	    !json_object_object_get_ex(record, "after", &after))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		if (pretty_integer(before, keys[i], &from) && pretty_integer(after, keys[i], &to) &&
		    from != to)
			text_printf(text, " %s %" PRId64 " -> %" PRId64, keys[i], from, to);
	}
}

static void describe_capabilities(struct text *text, struct json_object *record)
{
	struct json_object *gained = pretty_array(record, "capabilities_gained");
	size_t count = gained ? json_object_array_length(gained) : 0;

	if (count == 0)
		return;
	text_printf(text, " +");
	if (count > CAPABILITIES_SHOWN)
		text_printf(text, "%zu capabilities", count);
	else
		pretty_names(text, gained, ",");
}

void pretty_privilege(struct text *text, struct json_object *record)
{
	struct bytes call = pretty_string(record, "call");
	struct bytes exe = pretty_string(record, "exe");
	int64_t namespace;

	text_printf(text, "by ");
	if (call.data)
		text_bytes(text, call);
	else if (exe.data)
		pretty_path(text, record, "exe");
	else
		text_printf(text, "exec");
	text_color(text, TEXT_RED);
	describe_ids(text, record);
	describe_capabilities(text, record);
	text_color(text, TEXT_PLAIN);
	if (pretty_integer(record, "user_namespace", &namespace))
		text_printf(text, " (in user namespace %" PRId64 ")", namespace);
}

/* Whose the target is, where it is not of the same session. */
static void describe_target_session(struct text *text, struct json_object *record)
{
	struct bytes sid = pretty_string(record, "target_sid");
	struct json_object *same;

	if (!json_object_object_get_ex(record, "target_in_session", &same) ||
	    json_object_get_boolean(same))
		return;
	text_color(text, TEXT_RED);
	if (sid.data) {
		text_printf(text, " (in session ");
		text_bytes(text, sid);
		text_printf(text, ")");
	} else {
		text_printf(text, " (outside the session)");
	}
	text_color(text, TEXT_PLAIN);
}

void pretty_ptrace(struct text *text, struct json_object *record)
{
	struct bytes program = pretty_string(record, "target_program");
	int64_t number;

	text_bytes(text, pretty_string(record, "operation"));
	if (pretty_integer(record, "target_pid", &number)) {
		text_printf(text, " ");
		text_bytes(text, program);
		text_printf(text, "[%" PRId64 "]", number);
	} else if (pretty_integer(record, "requested_pid", &number)) {
		text_printf(text, " process %" PRId64, number);
	}
	if (pretty_integer(record, "target_uid", &number))
		text_printf(text, " (uid %" PRId64 ")", number);
	describe_target_session(text, record);
	pretty_failure(text, record);
}

void pretty_kernel(struct text *text, struct json_object *record)
{
	struct bytes type = pretty_string(record, "program_type_name");
	int64_t number;

	text_bytes(text, pretty_string(record, "operation"));
	if (type.data) {
		text_printf(text, " ");
		text_bytes(text, type);
	} else if (pretty_integer(record, "program_type", &number)) {
		text_printf(text, " type %" PRId64, number);
	}
	if (pretty_string(record, "name").data) {
		text_printf(text, " ");
		pretty_path(text, record, "name");
	}
	if (pretty_string(record, "path").data) {
		text_printf(text, " ");
		pretty_path(text, record, "path");
	}
	if (pretty_integer(record, "program_id", &number))
		text_printf(text, " (id %" PRId64 ")", number);
	pretty_place(text, record);
	pretty_failure(text, record);
}

void pretty_file(struct text *text, struct json_object *record)
{
	struct json_object *names = pretty_array(record, "flag_names");
	struct bytes type = pretty_string(record, "fs_type");

	if (pretty_string(record, "source").data) {
		pretty_path(text, record, "source");
		text_printf(text, " on ");
	}
	pretty_path(text, record, "path");
	if (pretty_string(record, "new_path_source").data || pretty_string(record, "target").data) {
		text_printf(text, " -> ");
		pretty_path(text, record,
			    pretty_string(record, "target").data ? "target" : "new_path");
	}
	if (type.data) {
		text_printf(text, " type ");
		text_bytes(text, type);
	}
	if (names) {
		text_color(text, TEXT_DIM);
		text_printf(text, " ");
		pretty_names(text, names, "|");
		text_color(text, TEXT_PLAIN);
	}
	pretty_place(text, record);
	pretty_via(text, record);
	pretty_failure(text, record);
}
