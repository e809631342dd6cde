/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/status_text.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <string.h>

#include "cli/reply.h"

enum {
	NS_PER_S = 1000000000,
	KIB = 1024,
	NAME_LIMIT = 4096, /* bytes of one string that are shown */
};

/* The name of a line, in its column. */
static void label(struct text *text, const char *name)
{
	text_printf(text, "%-9s ", name);
}

static void field(struct text *text, struct json_object *status, const char *name, const char *key)
{
	struct bytes value = reply_string(status, key);

	label(text, name);
	text_bytes(text, value.data ? value : bytes_of("-"));
	text_printf(text, "\n");
}

static void duration(struct text *text, int64_t seconds)
{
	int64_t days = seconds / 86400, hours = seconds / 3600 % 24, minutes = seconds / 60 % 60;

	if (days > 0)
		text_printf(text, "%" PRId64 "d ", days);
	if (seconds >= 3600)
		text_printf(text, "%" PRId64 "h ", hours);
	if (seconds >= 60)
		text_printf(text, "%" PRId64 "m ", minutes);
	text_printf(text, "%" PRId64 "s", seconds % 60);
}

static void agent_lines(struct text *text, struct json_object *status)
{
	label(text, "agent");
	text_printf(text, "seshatd ");
	text_bytes(text, reply_string(status, "version"));
	text_printf(text, ", pid %" PRId64 ", up ", reply_number(status, "pid"));
	duration(text, reply_number(status, "uptime_ns") / NS_PER_S);
	text_printf(text, " (since ");
	text_bytes(text, reply_string(status, "started"));
	text_printf(text, "), %" PRId64 " KiB of memory\n",
		    reply_number(reply_member(status, "memory"), "rss") / KIB);
	field(text, status, "kernel", "kernel");
	field(text, status, "config", "config");
}

static void names(struct text *text, struct json_object *status, const char *key)
{
	size_t count = reply_count(status, key);

	for (size_t i = 0; i < count; i++) {
		text_printf(text, i > 0 ? " " : "");
		text_bytes(text, reply_bytes(reply_element(status, key, i)));
	}
	if (count == 0)
		text_printf(text, "none");
}

static void probe_lines(struct text *text, struct json_object *status)
{
	label(text, "probes");
	names(text, status, "probes");
	text_printf(text, " (");
	text_bytes(text, reply_string(status, "strategy"));
	text_printf(text,
		    reply_true(status, "attached") ? ", attached)\n" : ", loaded, not attached)\n");
	if (reply_string(status, "strategy_reason").size > 0) {
		label(text, "strategy");
		text_bytes(text, reply_string(status, "strategy"));
		text_printf(text, ": ");
		text_bytes(text, reply_string(status, "strategy_reason"));
		text_printf(text, "\n");
	}
	if (reply_count(status, "events_off") > 0) {
		label(text, "off");
		names(text, status, "events_off");
		text_printf(text, "\n");
	}
	for (size_t i = 0; i < reply_count(status, "probes_missing"); i++) {
		struct json_object *missing = reply_element(status, "probes_missing", i);

		label(text, "");
		text_color(text, TEXT_RED);
		text_printf(text, "missing: ");
		text_bytes(text, reply_string(missing, "probe"));
		text_printf(text, " (");
		text_bytes(text, reply_string(missing, "reason"));
		text_printf(text, ")");
		text_color(text, TEXT_PLAIN);
		text_printf(text, "\n");
	}
}

static void count_lines(struct text *text, struct json_object *status)
{
	struct json_object *sessions = reply_member(status, "sessions");
	struct json_object *records = reply_member(status, "records");
	struct json_object *ring = reply_member(status, "ring");
	int64_t size = reply_number(ring, "size"), used = reply_number(ring, "used");

	label(text, "sessions");
	text_printf(text, "%" PRId64 " open, %" PRId64 " opened, %" PRId64 " refused\n",
		    reply_number(sessions, "open"), reply_number(sessions, "opened"),
		    reply_number(sessions, "refused"));
	label(text, "records");
	text_printf(text, "%" PRId64 " written, %" PRId64 " undecodable, %" PRId64 " unmatched\n",
		    reply_number(records, "written"), reply_number(records, "undecodable"),
		    reply_number(records, "unmatched"));
	label(text, "ring");
	text_printf(text, "%" PRId64 " of %" PRId64 " KiB used (%.1f %%)\n", used / KIB, size / KIB,
		    size > 0 ? 100.0 * (double)used / (double)size : 0.0);
}

static void lost_line(struct text *text, struct json_object *status)
{
	struct json_object *lost = reply_member(status, "lost");
	const char *between = " (";
	int64_t sum = 0;

	if (!json_object_is_type(lost, json_type_object))
		return;
	json_object_object_foreach(lost, counted, count)
	{
		(void)counted;
		sum += json_object_get_int64(count);
	}
	label(text, "lost");
	text_color(text, sum > 0 ? TEXT_RED : TEXT_PLAIN);
	text_printf(text, "%" PRId64, sum);
	json_object_object_foreach(lost, reason, part)
	{
		if (json_object_get_int64(part) == 0)
			continue;
		text_printf(text, "%s%" PRId64 " ", between, json_object_get_int64(part));
		text_bytes(text, bytes_of(reason));
		between = ", ";
	}
	text_printf(text, sum > 0 ? ")" : "");
	text_color(text, TEXT_PLAIN);
	text_printf(text, "\n");
}

static void sink_error(struct text *text, struct json_object *sink)
{
	struct bytes error = reply_string(sink, "error");

	if (!error.data)
		return;
	label(text, "");
	text_color(text, TEXT_RED);
	text_printf(text, "fails: ");
	text_bytes(text, error);
	text_color(text, TEXT_PLAIN);
	text_printf(text, "\n");
}

static void sink_lines(struct text *text, struct json_object *status)
{
	for (size_t i = 0; i < reply_count(status, "sinks"); i++) {
		struct json_object *sink = reply_element(status, "sinks", i);
		struct bytes path = reply_string(sink, "path");

		label(text, "sink");
		text_bytes(text, reply_string(sink, "name"));
		if (path.data) {
			text_printf(text, " ");
			text_quoted(text, path, NAME_LIMIT);
		}
		text_printf(text,
			    ": %" PRId64 " written, %" PRId64 " refused, %" PRId64
			    " waiting (%" PRId64 " bytes)\n",
			    reply_number(sink, "written"), reply_number(sink, "refused"),
			    reply_number(sink, "backlog_lines"),
			    reply_number(sink, "backlog_bytes"));
		sink_error(text, sink);
	}
}

void status_text(struct text *text, struct json_object *status)
{
	agent_lines(text, status);
	probe_lines(text, status);
	count_lines(text, status);
	lost_line(text, status);
	sink_lines(text, status);
	label(text, "rights");
	names(text, status, "capabilities");
	text_printf(text, "\n");
}
