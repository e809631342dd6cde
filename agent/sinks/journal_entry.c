/* SPDX-License-Identifier: Apache-2.0 */
#include "sinks/journal_entry.h"

#include <ctype.h>
#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <json-c/json.h>

#include "base/base64.h"
#include "base/bytes.h"
#include "base/cleanup.h"

enum {
	ENTRY_DEPTH = 8,    /* of a record: no more than 3 are used */
	ENTRY_KEEP = 65536, /* a buffer larger than this is given back */
	ENTRY_VALUES =
		64, /* of an array: more would make the entry hard to read, and MESSAGE has them */
	POINTER_SIZE = 64, /* a JSON Pointer to a member of MEMBERS, or to one of its values */
	PRIORITY_WARNING = 4,
	PRIORITY_NOTICE = 5,
	PRIORITY_INFO = 6,
};

struct event {
	const char *name;
	const char *id; /* never to be changed: catalogs and people's filters name it */
	int priority;
};

/* Events are informational, those that happen once or twice in a session are notices, a gap is a warning. */
static const struct event EVENTS[] = {
	{ "session.start", "b427cdefc4f94f3ab1f551fade895e1a", PRIORITY_NOTICE },
	{ "session.command", "9992418929314e449c5ced02627e7d5b", PRIORITY_INFO },
	{ "session.exit", "f6b2a85086bb488987e19f7606b4df3d", PRIORITY_INFO },
	{ "session.disk", "26d6cd63432f47198b6555cfe4680297", PRIORITY_INFO },
	{ "session.network", "0bf62d2fdb424e288e94d182079d16d5", PRIORITY_INFO },
	{ "session.privilege", "a27b69e7b7814465b32d100c011f587a", PRIORITY_NOTICE },
	{ "session.ptrace", "96f0e1ee7f614172a7a91b70ff3f0191", PRIORITY_NOTICE },
	{ "session.kernel", "a517f39dd0c8418baf2ee515df81cac6", PRIORITY_NOTICE },
	{ "session.file", "e6c88006a92a4659aed47557d36c5247", PRIORITY_INFO },
	{ "session.cgroup", "df735efe00bf426b9fc035c6b751607d", PRIORITY_NOTICE },
	{ "session.tty", "446249945c974d0c9822a3e77d818860", PRIORITY_INFO },
	{ "session.switch", "c0ee9e8a9b8f404990bc9b311351e34b", PRIORITY_NOTICE },
	{ "session.lost", "4a64e1e385d44e5a8650c752a651977e", PRIORITY_WARNING },
	{ "session.logout", "c4b2c7b99141498baa81f3519fb30c6c", PRIORITY_NOTICE },
	{ "session.end", "6ffafd6951db4f96a5d3b2ed8cce7659", PRIORITY_NOTICE },
	{ "agent.start", "2af60d257cf4493aba925c9b1c0f2336", PRIORITY_NOTICE },
	{ "agent.stop", "e2d48b22ef9840efadeb9bba74d5467c", PRIORITY_NOTICE },
	{ "agent.config", "b13803f1f6f34686a436cd7e4d43effe", PRIORITY_NOTICE },
};

static const struct event GENERIC = { "", JOURNAL_GENERIC_ID, PRIORITY_INFO };

/* The members that become fields, sorted; in capitals, and with SESHAT_ before them, they are the fields' names. */
static const char *const MEMBERS[] = {
	"audit_session_id",
	"auid",
	"auth_method",
	"ca_fingerprint",
	"call",
	"capabilities_gained",
	"count",
	"created",
	"cwd",
	"deleted",
	"dst_addr",
	"dst_cid",
	"dst_port",
	"ei",
	"euid",
	"event",
	"exe",
	"exit_code",
	"from",
	"fs_type",
	"gid",
	"interpreter",
	"key_fingerprint",
	"key_id",
	"key_type",
	"leader_pid",
	"loader",
	"login",
	"logind_session",
	"memfd",
	"mount_namespaces",
	"mover_pid",
	"name",
	"network_namespace",
	"new_path",
	"new_path_source",
	"operation",
	"path",
	"path_source",
	"peer_path",
	"pid",
	"ppid",
	"principals",
	"program",
	"program_id",
	"program_type_name",
	"protocol",
	"reason",
	"requested_new_path",
	"requested_path",
	"requested_pid",
	"return_code",
	"rhost",
	"ruser",
	"serial",
	"server_hostname",
	"service",
	"sid",
	"signal",
	"signal_name",
	"sink",
	"source",
	"src_addr",
	"src_cid",
	"src_port",
	"strategy",
	"target",
	"target_in_session",
	"target_pid",
	"target_program",
	"target_sid",
	"target_tid",
	"target_uid",
	"tid",
	"to",
	"tty",
	"uid",
	"user",
	"user_namespace",
	"version",
	"via",
};

static int member_compare(const void *key, const void *member)
{
	return strcmp(key, *(const char *const *)member);
}

static const struct event *event_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(EVENTS); i++)
		if (strcmp(EVENTS[i].name, name) == 0)
			return &EVENTS[i];
	return &GENERIC;
}

const char *journal_entry_id(const char *event)
{
	return event_find(event)->id;
}

int journal_entry_init(struct journal_entry *entry)
{
	struct json_tokener *tokener = json_tokener_new_ex(ENTRY_DEPTH);

	if (!tokener)
		return -ENOMEM;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
	*entry = (struct journal_entry){
		.tokener = tokener,
		.bytes = BUFFER_INIT(JOURNAL_ENTRY_LIMIT),
	};
	return 0;
}

void journal_entry_free(struct journal_entry *entry)
{
	if (entry->tokener)
		json_tokener_free(entry->tokener);
	entry->tokener = NULL;
	buffer_free(&entry->bytes);
}

/* NAME=value, or with its length where the value has a newline. */
static int append_field(struct buffer *bytes, const char *name, struct bytes value)
{
	uint64_t size = htole64(value.size);
	bool plain = !memchr(value.data, '\n', value.size);
	int r = buffer_append(bytes, name, strlen(name));

	if (r == 0)
		r = buffer_append(bytes, plain ? "=" : "\n", 1);
	if (r == 0 && !plain)
		r = buffer_append(bytes, &size, sizeof(size));
	if (r == 0)
		r = buffer_append(bytes, value.data, value.size);
	return r < 0 ? r : buffer_append(bytes, "\n", 1);
}

static int append_number(struct buffer *bytes, const char *name, struct json_object *value)
{
	int64_t number = json_object_get_int64(value);
	char text[24];

	if (number == INT64_MAX) /* that, or more: the serial number of a certificate has 64 bits */
		(void)snprintf(text, sizeof(text), "%" PRIu64, json_object_get_uint64(value));
	else
		(void)snprintf(text, sizeof(text), "%" PRId64, number);
	return append_field(bytes, name, bytes_of(text));
}

/* The exact bytes, where the text has some replaced. */
static int append_raw(struct buffer *bytes, const char *name, struct json_object *encoded)
{
	struct bytes text = { .data = json_object_get_string(encoded),
			      .size = (size_t)json_object_get_string_len(encoded) };
	_cleanup_free_ char *data = NULL;
	size_t size;
	int r;

	if (!json_object_is_type(encoded, json_type_string))
		return -EINVAL;
	r = base64_decode(text, &data, &size);
	if (r < 0)
		return r;
	return append_field(bytes, name, (struct bytes){ .data = data, .size = size });
}

/* raw: the record's member of that name, or NULL; pointer: to the value. */
static int append_value(struct buffer *bytes, const char *name, struct json_object *value,
			struct json_object *raw, const char *pointer)
{
	struct json_object *encoded;

	if (json_object_is_type(value, json_type_int))
		return append_number(bytes, name, value);
	if (json_object_is_type(value, json_type_boolean))
		return append_field(bytes, name,
				    bytes_of(json_object_get_boolean(value) ? "true" : "false"));
	if (!json_object_is_type(value, json_type_string))
		return 0;
	if (json_object_object_get_ex(raw, pointer, &encoded)) {
		int r = append_raw(bytes, name, encoded);

		if (r != -EINVAL)
			return r;
	}
	return append_field(bytes, name,
			    (struct bytes){ .data = json_object_get_string(value),
					    .size = (size_t)json_object_get_string_len(value) });
}

static int append_array(struct buffer *bytes, const char *name, struct json_object *array,
			struct json_object *raw, const char *key)
{
	size_t count = json_object_array_length(array);
	char pointer[POINTER_SIZE];
	int r = 0;

	for (size_t i = 0; r == 0 && i < count && i < ENTRY_VALUES; i++) {
		(void)snprintf(pointer, sizeof(pointer), "/%s/%zu", key, i);
		r = append_value(bytes, name, json_object_array_get_idx(array, i), raw, pointer);
	}
	return r;
}

static int append_member(struct buffer *bytes, const char *key, struct json_object *value,
			 struct json_object *raw)
{
	char name[POINTER_SIZE] = "SESHAT_", pointer[POINTER_SIZE];
	size_t length = strlen(name);

	for (const char *c = key; *c; c++)
		name[length++] = (char)toupper((unsigned char)*c);
	name[length] = '\0';
	if (json_object_is_type(value, json_type_array))
		return append_array(bytes, name, value, raw, key);
	(void)snprintf(pointer, sizeof(pointer), "/%s", key);
	return append_value(bytes, name, value, raw, pointer);
}

static int append_members(struct buffer *bytes, struct json_object *record)
{
	struct json_object *raw = NULL;

	(void)json_object_object_get_ex(record, "raw", &raw);
	json_object_object_foreach(record, key, value)
	{
		int r = 0;

		if (bsearch(key, MEMBERS, ARRAY_SIZE(MEMBERS), sizeof(MEMBERS[0]), member_compare))
			r = append_member(bytes, key, value, raw);
		if (r < 0)
			return r;
	}
	return 0;
}

static int append_head(struct buffer *bytes, const struct event *event)
{
	char text[160];
	int size = snprintf(text, sizeof(text),
			    "PRIORITY=%d\nSYSLOG_FACILITY=10\nSYSLOG_IDENTIFIER=seshatd\n"
			    "MESSAGE_ID=%s\n",
			    event->priority, event->id); /* 10: authpriv */

	return buffer_append(bytes, text, (size_t)size);
}

/* The record; NULL where the line is none, or memory is short: the line goes out all the same. */
static struct json_object *entry_read(struct json_tokener *tokener, struct bytes line)
{
	struct json_object *record;

	json_tokener_reset(tokener);
	if (line.size > INT32_MAX)
		return NULL;
	record = json_tokener_parse_ex(tokener, line.data, (int)line.size);
	if (json_object_is_type(record, json_type_object))
		return record;
	json_object_put(record);
	return NULL;
}

int journal_entry_build(struct journal_entry *entry, const char *line, size_t size)
{
	struct bytes message = { .data = line, .size = size };
	const struct event *event = &GENERIC;
	struct json_object *record, *name;
	int r;

	if (size > 0 && line[size - 1] == '\n')
		message.size--;
	buffer_clear(&entry->bytes, ENTRY_KEEP);
	record = entry_read(entry->tokener, message);
	if (json_object_object_get_ex(record, "event", &name) &&
	    json_object_is_type(name, json_type_string))
		event = event_find(json_object_get_string(name));
	r = append_head(&entry->bytes, event);
	if (r == 0)
		r = append_field(&entry->bytes, "MESSAGE", message);
	if (r == 0 && record)
		r = append_members(&entry->bytes, record);
	json_object_put(record);
	return r;
}
