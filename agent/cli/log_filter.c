/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/log_filter.h"

#include <errno.h>
#include <fnmatch.h>
#include <json-c/json.h>
#include <string.h>

#include "base/cleanup.h"
#include "cli/log_record.h"
#include "cli/pretty_events.h"
#include "cli/reply.h"
#include "control/message.h"

#define SESSION "session."

/* The name that a list of events begins with. */
static struct bytes first_name(const char *events)
{
	return (struct bytes){ .data = events, .size = strcspn(events, ",") };
}

static const char *next_name(const char *events)
{
	events += strcspn(events, ",");
	return *events ? events + 1 : NULL;
}

static bool event_named(struct bytes event, struct bytes name)
{
	struct bytes prefix = bytes_of(SESSION);

	if (bytes_equal(event, name))
		return true;
	return event.size == prefix.size + name.size &&
	       memcmp(event.data, prefix.data, prefix.size) == 0 &&
	       memcmp(event.data + prefix.size, name.data, name.size) == 0;
}

static bool event_wanted(const struct log_filter *filter, struct bytes event)
{
	for (const char *at = filter->events; at; at = next_name(at))
		if (event_named(event, first_name(at)))
			return true;
	return !filter->events;
}

bool log_filter_events_known(const char *events, const char **ret_wrong)
{
	for (const char *at = events; at; at = next_name(at)) {
		bool known = false;

		for (size_t i = 0; pretty_event_name(i) && !known; i++)
			known = event_named(bytes_of(pretty_event_name(i)), first_name(at));
		if (!known) {
			*ret_wrong = at;
			return false;
		}
	}
	return true;
}

static bool head_wanted(const struct log_filter *filter, const struct log_head *head)
{
	size_t sid = filter->sid ? strlen(filter->sid) : 0;

	if (filter->since[0] && memcmp(head->time.data, filter->since, CLOCK_TEXT_SIZE) < 0)
		return false;
	if (head->sid.size < sid || (sid > 0 && memcmp(head->sid.data, filter->sid, sid) != 0))
		return false;
	return event_wanted(filter, head->event);
}

static bool string_wanted(struct json_object *record, const char *key, const char *wanted)
{
	return !wanted || bytes_equal(reply_string(record, key), bytes_of(wanted));
}

static bool path_wanted(struct json_object *record, const char *pattern)
{
	struct bytes path = reply_string(record, "path");

	/* A NUL can be in no path that the kernel has seen. */
	return !pattern ||
	       (path.data && strlen(path.data) == path.size && fnmatch(pattern, path.data, 0) == 0);
}

int log_filter_match(const struct log_filter *filter, const char *line, size_t size)
{
	_cleanup_(control_message_freep) struct json_object *record = NULL;
	struct log_head head;
	bool whole = filter->login || filter->user || filter->path;
	int r;

	/* Most lines of a large log need not be parsed. */
	if (log_head_read(line, size, &head)) {
		if (!head_wanted(filter, &head))
			return 0;
		if (!whole)
			return 1;
	}
	r = log_record_parse(line, size, &record);
	if (r < 0)
		return r;
	head = log_record_head(record);
	return head_wanted(filter, &head) && string_wanted(record, "login", filter->login) &&
	       string_wanted(record, "user", filter->user) && path_wanted(record, filter->path);
}
