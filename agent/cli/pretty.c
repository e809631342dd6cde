/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/pretty.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cli/pretty_events.h"
#include "cli/pretty_text.h"

enum {
	WHO_WIDTH = 20, /* columns of "program[pid]" */
	VERB_WIDTH = 8,
	DEPTH = 8, /* of nested values; an audit record has 3 */
};

static void json_put(struct json_object **object)
{
	json_object_put(*object);
}

static void tokener_free(struct json_tokener **tokener)
{
	if (*tokener)
		json_tokener_free(*tokener);
}

struct pretty_options pretty_options_for(int fd)
{
	const char *no_color = getenv("NO_COLOR");

	return (struct pretty_options){ .color = isatty(fd) && !(no_color && *no_color) };
}

/* A record of its own, to be put; -EBADMSG when the line is no JSON object. */
static int parse(const char *line, size_t size, struct json_object **ret)
{
	_cleanup_(json_put) struct json_object *record = NULL;
	_cleanup_(tokener_free) struct json_tokener *tokener = json_tokener_new_ex(DEPTH);

	if (!tokener)
		return -ENOMEM;
	if (size > 0 && line[size - 1] == '\n')
		size--;
	if (size == 0 || size > INT_MAX)
		return -EBADMSG;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	record = json_tokener_parse_ex(tokener, line, (int)size);
	if (!json_object_is_type(record, json_type_object))
		return -EBADMSG;
	*ret = TAKE_PTR(record);
	return 0;
}

/* "2026-11-21T15:30:00.118904417Z" as local "15:30:00.118". */
static int format_time(struct text *text, struct bytes time)
{
	enum { SECONDS_SIZE = 20 }; /* as far as the dot, which it includes */
	struct tm utc = { 0 }, local;
	const char *rest;
	time_t seconds;

	if (time.size != SECONDS_SIZE + 10)
		return -EBADMSG;
	rest = strptime(time.data, "%Y-%m-%dT%H:%M:%S.", &utc);
	if (rest != time.data + SECONDS_SIZE || strspn(rest, "0123456789") != 9)
		return -EBADMSG;
	seconds = timegm(&utc);
	if (!localtime_r(&seconds, &local))
		return -EBADMSG;
	text_color(text, TEXT_DIM);
	text_printf(text, "%02d:%02d:%02d.%.3s ", local.tm_hour, local.tm_min, local.tm_sec, rest);
	text_color(text, TEXT_PLAIN);
	return 0;
}

/* "program[pid]" in its column; the session's own events have "-". */
static void format_who(struct text *text, struct json_object *record, unsigned int indent)
{
	struct bytes program = pretty_string(record, "program");
	char pid[32] = "";
	int64_t number;
	size_t width;

	if (!program.data)
		program = bytes_of("-");
	if (pretty_integer(record, "pid", &number))
		(void)snprintf(pid, sizeof(pid), "[%" PRId64 "]", number);
	text_printf(text, "%*s", (int)indent, "");
	text_bytes(text, program);
	width = text_width(program) + strlen(pid);
	text_printf(text, "%s%*s ", pid, width < WHO_WIDTH ? (int)(WHO_WIDTH - width) : 0, "");
}

static void format_verb(struct text *text, struct json_object *record,
			const struct pretty_event *event)
{
	struct bytes verb = event->verb ? bytes_of(event->verb) :
					  pretty_string(record, "operation");
	size_t width = text_width(verb);

	text_color(text, event->color);
	text_bytes(text, verb);
	text_color(text, TEXT_PLAIN);
	text_printf(text, "%*s ", width < VERB_WIDTH ? (int)(VERB_WIDTH - width) : 0, "");
}

int pretty_format(const char *line, size_t size, const struct pretty_options *opts,
		  struct buffer *ret)
{
	_cleanup_(json_put) struct json_object *record = NULL;
	struct text text = { .buffer = ret, .color = opts->color };
	const struct pretty_event *event;
	struct bytes name;
	size_t before = ret->size;
	int r;

	r = parse(line, size, &record);
	if (r < 0)
		return r;
	name = pretty_string(record, "event");
	if (!name.data)
		return -EBADMSG;

	event = pretty_event_find(name);
	r = format_time(&text, pretty_string(record, "time"));
	if (r == 0) {
		format_who(&text, record, opts->indent);
		format_verb(&text, record, event);
		event->describe(&text, record);
		text_printf(&text, "\n");
		r = text.error;
	}
	if (r < 0)
		ret->size = before;
	return r;
}
