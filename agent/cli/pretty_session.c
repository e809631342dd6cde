/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/pretty_session.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <string.h>

#include "cli/reply.h"

enum {
	WORD_LIMIT = 4096, /* bytes of one word that are shown */
	NS_PER_MS = 1000000,
	NS_PER_S = 1000000000,
};

static void word(struct text *text, struct json_object *record, const char *key)
{
	text_quoted(text, reply_string(record, key), WORD_LIMIT);
}

/* "session.disk 3, session.exit 1" */
static void counts(struct text *text, struct json_object *record, const char *key)
{
	struct json_object *values = reply_member(record, key);
	const char *between = "";

	if (!json_object_is_type(values, json_type_object))
		return;
	json_object_object_foreach(values, event, count)
	{
		text_printf(text, "%s", between);
		text_bytes(text, bytes_of(event));
		text_printf(text, " %" PRId64, json_object_get_int64(count));
		between = ", ";
	}
}

/* "; missing: send6 (attach: Operation not permitted)" */
static void missing(struct text *text, struct json_object *record)
{
	for (size_t i = 0; i < reply_count(record, "probes_missing"); i++) {
		struct json_object *entry = reply_element(record, "probes_missing", i);

		text_color(text, TEXT_RED);
		text_printf(text, i == 0 ? "; missing: " : ", ");
		text_bytes(text, reply_string(entry, "probe"));
		text_printf(text, " (");
		text_bytes(text, reply_string(entry, "reason"));
		text_printf(text, ")");
		text_color(text, TEXT_PLAIN);
	}
}

void pretty_session_from(struct text *text, struct json_object *record)
{
	struct bytes address = reply_string(record, "src_addr");
	int64_t port = reply_number(record, "src_port");
	bool six;

	if (!address.data) {
		text_bytes(text, reply_string(record, "rhost"));
		return;
	}
	six = memchr(address.data, ':', address.size) && port > 0;
	text_printf(text, six ? "[" : "");
	text_bytes(text, address);
	text_printf(text, six ? "]" : "");
	if (port > 0)
		text_printf(text, ":%" PRId64, port);
}

void pretty_session_methods(struct text *text, struct json_object *record)
{
	struct bytes fingerprint = reply_string(record, "key_fingerprint");

	for (size_t i = 0; i < reply_count(record, "auth_method"); i++) {
		struct bytes method = reply_bytes(reply_element(record, "auth_method", i));

		text_printf(text, i > 0 ? ", " : "");
		text_bytes(text, method);
		if (!fingerprint.data || !bytes_equal(method, bytes_of("publickey")))
			continue;
		text_printf(text, " ");
		text_bytes(text, fingerprint);
		fingerprint.data = NULL; /* once is enough */
	}
}

/* " through sshd from 198.51.100.7:50522 with publickey SHA256:..." */
static void login(struct text *text, struct json_object *record)
{
	struct bytes service = reply_string(record, "service");

	if (service.data && !bytes_equal(service, bytes_of("seshat-run"))) {
		text_printf(text, " through ");
		word(text, record, "service");
	}
	if (reply_member(record, "src_addr") || reply_member(record, "rhost")) {
		text_printf(text, " from ");
		pretty_session_from(text, record);
	}
	if (reply_count(record, "auth_method") > 0) {
		text_printf(text, " with ");
		pretty_session_methods(text, record);
	}
}

void pretty_session_start(struct text *text, struct json_object *record)
{
	struct bytes user = reply_string(record, "user"), account = reply_string(record, "login");

	text_printf(text, "session ");
	text_bytes(text, reply_string(record, "sid"));
	text_printf(text, " of ");
	word(text, record, "user");
	if (account.data && !bytes_equal(user, account)) {
		text_printf(text, " as ");
		word(text, record, "login");
	}
	text_printf(text, " on ");
	word(text, record, "server_hostname");
	login(text, record);
	text_printf(text, ", %zu probes", reply_count(record, "probes"));
	missing(text, record);
}

void pretty_session_switch(struct text *text, struct json_object *record)
{
	if (reply_member(record, "from")) {
		word(text, record, "from");
		text_printf(text, " ");
	}
	text_printf(text, "-> ");
	word(text, record, "to");
	text_printf(text, " by ");
	word(text, record, "service");
	if (reply_member(record, "tty")) {
		text_printf(text, " on ");
		word(text, record, "tty");
	}
}

void pretty_session_logout(struct text *text, struct json_object *record)
{
	bool closed = bytes_equal(reply_string(record, "reason"), bytes_of("closed"));
	int64_t processes = reply_number(record, "processes");

	text_printf(text, "%s; %" PRId64 " %s on", closed ? "logged out" : "the login has ended",
		    processes, processes == 1 ? "process lives" : "processes live");
}

void pretty_session_lost(struct text *text, struct json_object *record)
{
	text_color(text, TEXT_RED);
	text_printf(text, "%" PRId64 " (", reply_number(record, "count"));
	text_bytes(text, reply_string(record, "reason"));
	if (reply_member(record, "sink")) {
		text_printf(text, " ");
		text_bytes(text, reply_string(record, "sink"));
	}
	text_printf(text, "): ");
	counts(text, record, "by_event");
	text_color(text, TEXT_PLAIN);
}

/* "lost 0", in red when it is more. */
static void lost(struct text *text, struct json_object *record)
{
	int64_t count = reply_number(record, "lost");

	text_color(text, count > 0 ? TEXT_RED : TEXT_PLAIN);
	text_printf(text, "; lost %" PRId64, count);
	text_color(text, TEXT_PLAIN);
}

void pretty_session_end(struct text *text, struct json_object *record)
{
	text_printf(text,
		    "after %.1f ms: ", (double)reply_number(record, "duration_ns") / NS_PER_MS);
	counts(text, record, "records");
	lost(text, record);
	if (json_object_is_type(reply_member(record, "processes"), json_type_int))
		text_printf(text, "; processes left %" PRId64, reply_number(record, "processes"));
}

void pretty_agent_start(struct text *text, struct json_object *record)
{
	text_printf(text, "started: seshatd ");
	text_bytes(text, reply_string(record, "version"));
	text_printf(text, " on ");
	word(text, record, "server_hostname");
	text_printf(text, ", %zu probes, %" PRId64 " sessions open", reply_count(record, "probes"),
		    reply_number(record, "sessions"));
	if (reply_true(record, "gap")) {
		text_color(text, TEXT_RED);
		text_printf(text, "; records from before it may be missing");
		text_color(text, TEXT_PLAIN);
	}
	missing(text, record);
}

void pretty_agent_stop(struct text *text, struct json_object *record)
{
	text_printf(text, "stopped: ");
	word(text, record, "reason");
	text_printf(text, ", after %.1f s, %" PRId64 " sessions open, %" PRId64 " records",
		    (double)reply_number(record, "uptime_ns") / NS_PER_S,
		    reply_number(record, "sessions"), reply_number(record, "records"));
	lost(text, record);
}

void pretty_agent_config(struct text *text, struct json_object *record)
{
	size_t count = reply_count(record, "changes");

	text_printf(text, count > 0 ? "configured: " : "configuration read again, nothing changed");
	for (size_t i = 0; i < count; i++) {
		struct json_object *change = reply_element(record, "changes", i);

		text_printf(text, i > 0 ? ", " : "");
		word(text, change, "key");
		text_printf(text, " ");
		word(text, change, "from");
		text_printf(text, " -> ");
		word(text, change, "to");
		text_printf(text, reply_true(change, "in_force") ? "" : " (at the next start)");
	}
}
