/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/pretty_events.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <string.h>
#include <sys/socket.h>

#include "cli/pretty_rights.h"
#include "cli/pretty_session.h"

enum {
	WORD_LIMIT = 4096, /* bytes of one path or argument that are shown */
	ARGS_LIMIT = 8192, /* bytes of all arguments: of a giant command line a beginning */
	NS_PER_MS = 1000000,
};

struct bytes pretty_string(struct json_object *record, const char *key)
{
	struct json_object *value;

	if (!json_object_object_get_ex(record, key, &value) ||
	    !json_object_is_type(value, json_type_string))
		return (struct bytes){ 0 };
	return (struct bytes){ .data = json_object_get_string(value),
			       .size = (size_t)json_object_get_string_len(value) };
}

bool pretty_integer(struct json_object *record, const char *key, int64_t *ret)
{
	struct json_object *value;

	if (!json_object_object_get_ex(record, key, &value) ||
	    !json_object_is_type(value, json_type_int))
		return false;
	*ret = json_object_get_int64(value);
	return true;
}

static int64_t integer_or(struct json_object *record, const char *key, int64_t otherwise)
{
	(void)pretty_integer(record, key, &otherwise);
	return otherwise;
}

static bool is_true(struct json_object *record, const char *key)
{
	struct json_object *value;

	return json_object_object_get_ex(record, key, &value) && json_object_get_boolean(value);
}

struct json_object *pretty_array(struct json_object *record, const char *key)
{
	struct json_object *value;

	if (!json_object_object_get_ex(record, key, &value) ||
	    !json_object_is_type(value, json_type_array))
		return NULL;
	return value;
}

static struct bytes element(struct json_object *values, size_t i)
{
	struct json_object *value = json_object_array_get_idx(values, i);

	if (!json_object_is_type(value, json_type_string))
		return bytes_of("?");
	return (struct bytes){ .data = json_object_get_string(value),
			       .size = (size_t)json_object_get_string_len(value) };
}

void pretty_failure(struct text *text, struct json_object *record)
{
	int64_t code = integer_or(record, "return_code", 0);
	const char *name;

	if (code >= 0)
		return;
	name = code > -4096 ? strerrorname_np((int)-code) : NULL;
	text_color(text, TEXT_RED);
	if (name)
		text_printf(text, " -> %s", name);
	else
		text_printf(text, " -> %" PRId64, code);
	text_color(text, TEXT_PLAIN);
}

/* " (word)" when the member is true. */
static void describe_if(struct text *text, struct json_object *record, const char *key)
{
	if (is_true(record, key))
		text_printf(text, " (%s)", key);
}

void pretty_via(struct text *text, struct json_object *record)
{
	struct bytes via = pretty_string(record, "via");

	if (!via.data)
		return;
	text_printf(text, " (via ");
	text_bytes(text, via);
	text_printf(text, ")");
}

void pretty_path(struct text *text, struct json_object *record, const char *key)
{
	struct bytes path = pretty_string(record, key);

	if (path.data)
		text_quoted(text, path, WORD_LIMIT);
	else
		text_printf(text, "(unreadable)");
}

void pretty_place(struct text *text, struct json_object *record)
{
	struct json_object *nameless = pretty_array(record, "paths_nameless");
	struct json_object *namespaces, *number;

	if (json_object_object_get_ex(record, "mount_namespaces", &namespaces) &&
	    json_object_object_get_ex(namespaces, "/path", &number))
		text_printf(text, " (in mount namespace %" PRId64 ")",
			    json_object_get_int64(number));
	for (size_t i = 0; nameless && i < json_object_array_length(nameless); i++) {
		struct json_object *pointer = json_object_array_get_idx(nameless, i);

		if (json_object_is_type(pointer, json_type_string) &&
		    strcmp(json_object_get_string(pointer), "/path") == 0)
			text_printf(text, " (in no tree)");
	}
}

void pretty_names(struct text *text, struct json_object *values, const char *between)
{
	for (size_t i = 0; values && i < json_object_array_length(values); i++) {
		if (i > 0)
			text_printf(text, "%s", between);
		text_bytes(text, element(values, i));
	}
}

static void describe_arguments(struct text *text, struct json_object *argv)
{
	size_t count = argv ? json_object_array_length(argv) : 0;
	size_t shown = 0;

	for (size_t i = 0; i < count; i++) {
		struct bytes word = element(argv, i);

		if (shown >= ARGS_LIMIT) {
			text_printf(text, " ... (%zu more)", count - i);
			return;
		}
		text_printf(text, " ");
		text_quoted(text, word, WORD_LIMIT);
		shown += word.size < WORD_LIMIT ? word.size : WORD_LIMIT;
	}
}

/* The name of a path's last component. */
static struct bytes last_component(struct bytes path)
{
	size_t at = path.size;

	while (at > 0 && path.data[at - 1] != '/')
		at--;
	return (struct bytes){ .data = path.data + at, .size = path.size - at };
}

static void describe_command(struct text *text, struct json_object *record)
{
	struct bytes path = pretty_string(record, "path");
	struct bytes argv0 = pretty_string(record, "argv0");
	struct bytes interpreter = pretty_string(record, "interpreter");

	pretty_path(text, record, "path");
	describe_arguments(text, pretty_array(record, "argv"));
	describe_if(text, record, "argv_truncated");
	if (path.data && argv0.data && !bytes_equal(last_component(argv0), last_component(path))) {
		text_printf(text, " (as ");
		text_quoted(text, argv0, WORD_LIMIT);
		text_printf(text, ")");
	}
	if (interpreter.data) {
		text_printf(text, " (by ");
		text_quoted(text, interpreter, WORD_LIMIT);
		text_printf(text, ")");
	}
	pretty_place(text, record);
	describe_if(text, record, "memfd");
	describe_if(text, record, "deleted");
	pretty_failure(text, record);
}

static void describe_exit(struct text *text, struct json_object *record)
{
	struct bytes signal_name = pretty_string(record, "signal_name");
	int64_t status = integer_or(record, "exit_code", 0);
	int64_t runtime = integer_or(record, "runtime_ns", 0);
	int64_t cpu = integer_or(record, "utime_ns", 0) + integer_or(record, "stime_ns", 0);
	bool bad = signal_name.data || status != 0;

	text_color(text, bad ? TEXT_RED : TEXT_PLAIN);
	if (signal_name.data)
		text_bytes(text, signal_name);
	else
		text_printf(text, "%" PRId64, status);
	text_color(text, TEXT_PLAIN);
	describe_if(text, record, "core_dumped");
	text_printf(text, " after %.1f ms, cpu %.1f ms", (double)runtime / NS_PER_MS,
		    (double)cpu / NS_PER_MS);
}

static void describe_disk(struct text *text, struct json_object *record)
{
	struct json_object *names = pretty_array(record, "flag_names");
	struct json_object *resolve = pretty_array(record, "resolve_names");
	struct bytes mode = pretty_string(record, "mode");

	pretty_path(text, record, "path");
	if (names) {
		text_color(text, TEXT_DIM);
		text_printf(text, " ");
		pretty_names(text, names, "|");
		if (mode.data) {
			text_printf(text, " ");
			text_bytes(text, mode);
		}
		if (resolve) {
			text_printf(text, " ");
			pretty_names(text, resolve, "|");
		}
		text_color(text, TEXT_PLAIN);
	}
	pretty_place(text, record);
	describe_if(text, record, "created");
	describe_if(text, record, "deleted");
	pretty_via(text, record);
	pretty_failure(text, record);
}

/* One end of a connection; false when it is not known. */
static bool describe_end(struct text *text, struct json_object *record, const char *addr_key,
			 const char *cid_key, const char *port_key)
{
	struct bytes addr = pretty_string(record, addr_key);
	bool six = integer_or(record, "version", 4) == 6;
	int64_t port = integer_or(record, port_key, 0), cid;

	if (!addr.data && pretty_integer(record, cid_key, &cid)) {
		text_printf(text, "%" PRId64 ":%" PRId64, cid, port);
		return true;
	}
	if (!addr.data)
		return false;
	text_printf(text, six ? "[" : "");
	text_bytes(text, addr);
	text_printf(text, six ? "]:%" PRId64 : ":%" PRId64, port);
	return true;
}

/* "this end -> other end", or "<-" for what was accepted; what is not known is left out. */
static void describe_ends(struct text *text, struct json_object *record)
{
	bool accepted = bytes_equal(pretty_string(record, "operation"), bytes_of("accept"));
	int64_t scope;

	text_printf(text, " ");
	if (describe_end(text, record, "src_addr", "src_cid", "src_port") &&
	    pretty_integer(record, "dst_port", &scope))
		text_printf(text, accepted ? " <- " : " -> ");
	(void)describe_end(text, record, "dst_addr", "dst_cid", "dst_port");
	if (pretty_integer(record, "scope_id", &scope))
		text_printf(text, " (scope %" PRId64 ")", scope);
}

static void describe_unix(struct text *text, struct json_object *record)
{
	struct bytes peer = pretty_string(record, "peer_path");

	text_printf(text, " ");
	if (pretty_string(record, "path").data || !peer.data)
		pretty_path(text, record, "path");
	pretty_place(text, record);
	if (!peer.data)
		return;
	text_printf(text, " <- ");
	text_quoted(text, peer, WORD_LIMIT);
}

static void describe_protocol(struct text *text, struct json_object *record)
{
	struct bytes protocol = pretty_string(record, "protocol");
	struct bytes family_name = pretty_string(record, "family_name");
	int64_t family;

	if (protocol.data)
		text_bytes(text, protocol);
	else if (family_name.data)
		text_bytes(text, family_name);
	else if (pretty_integer(record, "family", &family))
		text_printf(text, "family %" PRId64, family);
	else
		text_printf(text, "no socket");
}

static void describe_network(struct text *text, struct json_object *record)
{
	int64_t family = integer_or(record, "family", -1), namespace;

	describe_protocol(text, record);
	if (bytes_equal(pretty_string(record, "address_source"), bytes_of("unreadable")))
		text_printf(text, " (address unreadable)");
	else if (family == AF_UNIX)
		describe_unix(text, record);
	else if (family == AF_UNSPEC)
		text_printf(text, " (disconnect)");
	else if (pretty_integer(record, "src_port", &namespace) ||
		 pretty_integer(record, "dst_port", &namespace))
		describe_ends(text, record);
	if (pretty_integer(record, "network_namespace", &namespace))
		text_printf(text, " (network namespace %" PRId64 ")", namespace);
	pretty_via(text, record);
	if (bytes_equal(pretty_string(record, "operation"), bytes_of("connected")) &&
	    integer_or(record, "return_code", -1) == 0)
		text_printf(text, " (established)");
	pretty_failure(text, record);
}

static void describe_cgroup(struct text *text, struct json_object *record)
{
	int64_t mover;

	if (pretty_string(record, "from").data) {
		pretty_path(text, record, "from");
		text_printf(text, " -> ");
	}
	pretty_path(text, record, "to");
	if (pretty_integer(record, "mover_pid", &mover))
		text_printf(text, " (by process %" PRId64 ")", mover);
}

static void describe_tty(struct text *text, struct json_object *record)
{
	pretty_path(text, record, "tty");
}

static void describe_nothing(struct text *text, struct json_object *record)
{
	text_bytes(text, pretty_string(record, "event"));
}

static const struct pretty_event events[] = {
	{ "session.start", "start", TEXT_BLUE, pretty_session_start },
	{ "session.command", "exec", TEXT_GREEN, describe_command },
	{ "session.exit", "exit", TEXT_DIM, describe_exit },
	{ "session.disk", "open", TEXT_PLAIN, describe_disk },
	{ "session.network", NULL, TEXT_YELLOW, describe_network },
	{ "session.privilege", "rights", TEXT_RED, pretty_privilege },
	{ "session.ptrace", "ptrace", TEXT_CYAN, pretty_ptrace },
	{ "session.kernel", "kernel", TEXT_RED, pretty_kernel },
	{ "session.file", NULL, TEXT_PLAIN, pretty_file },
	{ "session.cgroup", "cgroup", TEXT_CYAN, describe_cgroup },
	{ "session.tty", "tty", TEXT_CYAN, describe_tty },
	{ "session.lost", "lost", TEXT_RED, pretty_session_lost },
	{ "session.end", "end", TEXT_BLUE, pretty_session_end },
	{ "session.switch", "switch", TEXT_CYAN, pretty_session_switch },
	{ "session.logout", "logout", TEXT_BLUE, pretty_session_logout },
	{ "agent.start", "agent", TEXT_BLUE, pretty_agent_start },
	{ "agent.stop", "agent", TEXT_BLUE, pretty_agent_stop },
	{ "agent.config", "agent", TEXT_BLUE, pretty_agent_config },
};

static const struct pretty_event unknown = { "", "?", TEXT_PLAIN, describe_nothing };

const char *pretty_event_name(size_t index)
{
	return index < ARRAY_SIZE(events) ? events[index].event : NULL;
}

const struct pretty_event *pretty_event_find(struct bytes event)
{
	for (size_t i = 0; i < ARRAY_SIZE(events); i++) {
		if (bytes_equal(event, bytes_of(events[i].event)))
			return &events[i];
	}
	return &unknown;
}
