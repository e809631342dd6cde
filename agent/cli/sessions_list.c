/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/sessions_list.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "base/cleanup.h"
#include "base/uuid.h"
#include "cli/log_record.h"
#include "cli/reply.h"
#include "control/message.h"

struct entry {
	char sid[UUID_SIZE];
	struct json_object *session; /* owned */
	UT_hash_handle hh;
};

struct sessions_list {
	struct entry *entries;	/* owned: the hash table */
	struct entry **ordered; /* owned; the entries are the table's */
	size_t ordered_count;
};

/* What of session.start is shown, beside what all records have. */
static const char *const START_MEMBERS[] = {
	"service",	   "src_addr",	 "src_port",	"rhost",	  "tty",    "auth_method",
	"key_fingerprint", "leader_pid", "cgroup_path", "logind_session", "key_id",
};

static const char *const COMMON_MEMBERS[] = { "sid", "login", "user" };

int sessions_list_new(struct sessions_list **ret)
{
	struct sessions_list *list = calloc(1, sizeof(*list));

	if (!list)
		return -ENOMEM;
	*ret = list;
	return 0;
}

static struct entry *list_find(const struct sessions_list *list, struct bytes sid)
{
	char key[UUID_SIZE] = "";
	struct entry *entry;

	if (sid.size == 0 || sid.size >= sizeof(key))
		return NULL;
	memcpy(key, sid.data, sid.size);
	HASH_FIND(hh, list->entries, key, strlen(key), entry);
	return entry;
}

static void entry_free(struct entry *entry)
{
	json_object_put(entry->session);
	free(entry);
}

/* Takes over the session. */
static int list_add(struct sessions_list *list, struct bytes sid, struct json_object *session)
{
	struct entry *entry = calloc(1, sizeof(*entry));

	if (!entry) {
		json_object_put(session);
		return -ENOMEM;
	}
	entry->session = session;
	memcpy(entry->sid, sid.data, sid.size);
	HASH_ADD(hh, list->entries, sid, strlen(entry->sid), entry);
	if (!entry->hh.tbl) {
		entry_free(entry);
		return -ENOMEM;
	}
	return 0;
}

int sessions_list_add_live(struct sessions_list *list, struct json_object *session)
{
	struct bytes sid = reply_string(session, "sid");

	if (sid.size == 0 || sid.size >= UUID_SIZE || strlen(sid.data) != sid.size)
		return -EBADMSG;
	if (list_find(list, sid))
		return 0; /* it was on the page before, too */
	return list_add(list, sid, json_object_get(session));
}

/* Copies members that are there. */
static int copy_members(struct json_object *to, struct json_object *from, const char *const *keys,
			size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct json_object *value = reply_member(from, keys[i]);

		if (value && control_add(to, keys[i], json_object_get(value)) < 0)
			return -ENOMEM;
	}
	return 0;
}

/* The session that a record is of; *ret is borrowed. */
static int session_of(struct sessions_list *list, struct json_object *record,
		      struct json_object **ret)
{
	struct bytes sid = reply_string(record, "sid");
	struct entry *entry = list_find(list, sid);
	struct json_object *session;
	int r;

	if (entry) {
		*ret = entry->session;
		return 0;
	}
	if (sid.size == 0 || sid.size >= UUID_SIZE || strlen(sid.data) != sid.size)
		return -EBADMSG;
	session = json_object_new_object();
	if (!session)
		return -ENOMEM;
	r = copy_members(session, record, COMMON_MEMBERS, ARRAY_SIZE(COMMON_MEMBERS));
	if (r < 0) {
		json_object_put(session);
		return r;
	}
	r = list_add(list, sid, session);
	if (r == 0)
		*ret = session;
	return r;
}

static int add_time(struct json_object *session, const char *key, struct json_object *record)
{
	struct json_object *time = reply_member(record, "time");

	return control_add(session, key, json_object_get(time));
}

static int take_start(struct json_object *session, struct json_object *record)
{
	int r;

	if (reply_member(session, "start_time"))
		return 0; /* the agent knows better */
	r = copy_members(session, record, START_MEMBERS, ARRAY_SIZE(START_MEMBERS));
	return r < 0 ? r : add_time(session, "start_time", record);
}

static int take_tty(struct json_object *session, struct json_object *record)
{
	static const char *const KEYS[] = { "tty" };

	return copy_members(session, record, KEYS, ARRAY_SIZE(KEYS));
}

static int take_logout(struct json_object *session, struct json_object *record)
{
	static const char *const KEYS[] = { "processes" };

	if (reply_member(session, "state"))
		return 0; /* the agent knows better */
	return copy_members(session, record, KEYS, ARRAY_SIZE(KEYS));
}

static int64_t records_sum(struct json_object *record)
{
	struct json_object *counts = reply_member(record, "records");
	int64_t sum = 0;

	if (!json_object_is_type(counts, json_type_object))
		return 0;
	json_object_object_foreach(counts, event, count)
	{
		(void)event;
		sum += json_object_get_int64(count);
	}
	return sum;
}

static int take_end(struct json_object *session, struct json_object *record)
{
	static const char *const KEYS[] = { "duration_ns", "lost" };
	int64_t sum = records_sum(record), processes = reply_number(record, "processes");
	int r = copy_members(session, record, KEYS, ARRAY_SIZE(KEYS));

	if (r == 0)
		r = add_time(session, "end_time", record);
	if (r == 0)
		r = control_add(session, "records", json_object_new_int64(sum));
	if (r == 0)
		r = control_add(session, "processes", json_object_new_int64(processes));
	if (r == 0)
		r = control_add(session, "state", json_object_new_string("ended"));
	return r;
}

static const struct {
	const char *event;
	int (*take)(struct json_object *session, struct json_object *record);
} EVENTS[] = {
	{ "session.start", take_start },
	{ "session.tty", take_tty },
	{ "session.logout", take_logout },
	{ "session.end", take_end },
};

/* Its index in EVENTS, or their number. */
static size_t event_index(struct bytes event)
{
	size_t i = 0;

	while (i < ARRAY_SIZE(EVENTS) && !bytes_equal(event, bytes_of(EVENTS[i].event)))
		i++;
	return i;
}

int sessions_list_add_line(struct sessions_list *list, const char *line, size_t size)
{
	_cleanup_(control_message_freep) struct json_object *record = NULL;
	struct json_object *session = NULL;
	struct log_head head;
	size_t event;
	int r;

	/* Nearly all lines are of other events, and need not be parsed. */
	if (log_head_read(line, size, &head) && event_index(head.event) == ARRAY_SIZE(EVENTS))
		return 0;
	r = log_record_parse(line, size, &record);
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	event = event_index(log_record_head(record).event);
	if (event == ARRAY_SIZE(EVENTS))
		return 0;
	r = session_of(list, record, &session);
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	return EVENTS[event].take(session, record);
}

/* When it began: its start, or what its end says of it. */
static struct bytes order_of(struct json_object *session)
{
	struct bytes start = reply_string(session, "start_time");

	return start.data ? start : reply_string(session, "end_time");
}

static int compare(const void *a, const void *b)
{
	struct bytes x = order_of((*(struct entry *const *)a)->session);
	struct bytes y = order_of((*(struct entry *const *)b)->session);

	if (!x.data || !y.data)
		return (x.data ? 1 : 0) - (y.data ? 1 : 0);
	return strcmp(x.data, y.data);
}

static const char *state_of(struct json_object *session, const char *asked)
{
	struct bytes start = reply_string(session, "start_time");

	if (!asked)
		return "unknown";
	return start.data && strcmp(start.data, asked) >= 0 ? "open" : "cut";
}

int sessions_list_finish(struct sessions_list *list, const char *asked)
{
	size_t count = HASH_COUNT(list->entries);
	struct entry *entry, *next;

	list->ordered = calloc(count + 1, sizeof(struct entry *));
	if (!list->ordered)
		return -ENOMEM;
	HASH_ITER(hh, list->entries, entry, next) {
		const char *state = state_of(entry->session, asked);

		if (!reply_member(entry->session, "state") &&
		    control_add(entry->session, "state", json_object_new_string(state)) < 0)
			return -ENOMEM;
		list->ordered[list->ordered_count++] = entry;
	}
	qsort(list->ordered, list->ordered_count, sizeof(struct entry *), compare);
	return 0;
}

struct json_object *sessions_list_get(const struct sessions_list *list, size_t index)
{
	return index < list->ordered_count ? list->ordered[index]->session : NULL;
}

bool sessions_list_is_live(struct json_object *session)
{
	struct bytes state = reply_string(session, "state");

	return bytes_equal(state, bytes_of("open")) || bytes_equal(state, bytes_of("logout"));
}

void sessions_list_free(struct sessions_list *list)
{
	struct entry *entry, *next;

	if (!list)
		return;
	HASH_ITER(hh, list->entries, entry, next) {
		HASH_DELETE(hh, list->entries, entry);
		entry_free(entry);
	}
	free(list->ordered);
	free(list);
}

void sessions_list_freep(struct sessions_list **list)
{
	sessions_list_free(*list);
}
