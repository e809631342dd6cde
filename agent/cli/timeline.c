/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/timeline.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <time.h>

#include "base/cleanup.h"
#include "cli/log_record.h"
#include "cli/pretty.h"
#include "cli/pretty_session.h"
#include "cli/reply.h"
#include "control/message.h"

enum {
	STEP = 2,	/* columns for each generation */
	DEPTH_MAX = 20, /* generations that are indented */
	WORD_LIMIT = 4096,
	TIME_SIZE = 64,
};

static void heading(struct text *text, const char *name)
{
	text_printf(text, "%-8s ", name);
}

static void member(struct text *text, struct json_object *record, const char *name, const char *key)
{
	if (!reply_member(record, key))
		return;
	heading(text, name);
	text_quoted(text, reply_string(record, key), WORD_LIMIT);
	text_printf(text, "\n");
}

static void who(struct text *text, struct json_object *record)
{
	struct bytes user = reply_string(record, "user"), login = reply_string(record, "login");

	heading(text, "user");
	text_quoted(text, user, WORD_LIMIT);
	if (!bytes_equal(user, login)) {
		text_printf(text, " as ");
		text_quoted(text, login, WORD_LIMIT);
	}
	text_printf(text, " on ");
	text_quoted(text, reply_string(record, "server_hostname"), WORD_LIMIT);
	text_printf(text, "\n");
}

static void from(struct text *text, struct json_object *record)
{
	heading(text, "service");
	text_quoted(text, reply_string(record, "service"), WORD_LIMIT);
	if (reply_member(record, "src_addr") || reply_member(record, "rhost")) {
		text_printf(text, " from ");
		pretty_session_from(text, record);
	}
	text_printf(text, "\n");
	if (reply_count(record, "auth_method") == 0)
		return;
	heading(text, "auth");
	pretty_session_methods(text, record);
	text_printf(text, "\n");
}

static void certificate(struct text *text, struct json_object *record)
{
	if (!reply_member(record, "key_id"))
		return;
	heading(text, "cert");
	text_quoted(text, reply_string(record, "key_id"), WORD_LIMIT);
	text_printf(text, ", serial ");
	text_bytes(text, reply_string(record, "serial"));
	text_printf(text, ", signed by ");
	text_bytes(text, reply_string(record, "ca_fingerprint"));
	text_printf(text, "\n");
}

static void start_time(struct text *text, struct json_object *record)
{
	struct bytes time = reply_string(record, "time");
	char shown[TIME_SIZE];
	struct tm utc = { 0 }, local;
	time_t seconds;

	if (!strptime(time.data, "%Y-%m-%dT%H:%M:%S", &utc))
		return;
	seconds = timegm(&utc);
	if (!localtime_r(&seconds, &local) ||
	    strftime(shown, sizeof(shown), "%Y-%m-%d %H:%M:%S %z", &local) == 0)
		return;
	heading(text, "start");
	text_printf(text, "%s\n", shown);
}

static void header(struct text *text, struct json_object *record)
{
	member(text, record, "session", "sid");
	who(text, record);
	from(text, record);
	certificate(text, record);
	start_time(text, record);
	heading(text, "leader");
	text_printf(text, "process %" PRId64 "\n", reply_number(record, "leader_pid"));
	member(text, record, "cgroup", "cgroup_path");
	text_printf(text, "\n");
}

/* How far the record's line is indented. Returns 0 or -ENOMEM. */
static int indentation(struct timeline *timeline, struct json_object *record, unsigned int *ret)
{
	unsigned int depth = 0;
	int64_t pid = reply_number(record, "pid");
	int r;

	if (pid > 0) {
		r = process_tree_depth(&timeline->tree, pid, reply_number(record, "ppid"), &depth);
		if (r < 0)
			return r;
	}
	*ret = (depth < DEPTH_MAX ? depth : DEPTH_MAX) * STEP;
	return 0;
}

static int add_line(struct timeline *timeline, struct json_object *record, const char *line,
		    size_t size)
{
	struct pretty_options options = { .color = timeline->output->text.color };
	struct bytes event = reply_string(record, "event");
	int r = indentation(timeline, record, &options.indent);

	if (r == 0)
		r = pretty_format(line, size, &options, &timeline->output->buffer);
	if (bytes_equal(event, bytes_of("session.exit")))
		process_tree_exit(&timeline->tree, reply_number(record, "pid"));
	if (bytes_equal(event, bytes_of("session.end")))
		timeline->ended = true;
	return r;
}

int timeline_add(struct timeline *timeline, const char *line, size_t size)
{
	_cleanup_(control_message_freep) struct json_object *record = NULL;
	int r = log_record_parse(line, size, &record);

	if (r == 0 && bytes_equal(reply_string(record, "event"), bytes_of("session.start")))
		header(&timeline->output->text, record);
	else if (r == 0)
		r = add_line(timeline, record, line, size);
	if (r == -EBADMSG) {
		timeline->broken++;
		return 0;
	}
	return r;
}

void timeline_finish(struct timeline *timeline)
{
	if (!timeline->ended)
		text_printf(&timeline->output->text,
			    "(no end: the session is open, or its log is cut short)\n");
}

void timeline_free(struct timeline *timeline)
{
	process_tree_free(&timeline->tree);
}
