/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/check_expect.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdbool.h>

#include "cli/reply.h"

static bool string_is(struct json_object *record, const char *key, const char *text)
{
	return bytes_equal(reply_string(record, key), bytes_of(text));
}

static int64_t result(struct json_object *record)
{
	return reply_number(record, "return_code");
}

static bool is_start(const struct check_facts *facts, struct json_object *record)
{
	(void)facts;
	return string_is(record, "service", CHECK_SERVICE);
}

static bool is_exec(const struct check_facts *facts, struct json_object *record)
{
	return string_is(record, "path", facts->exe) && result(record) == 0;
}

static bool is_absent(const struct check_facts *facts, struct json_object *record)
{
	return string_is(record, "path", facts->absent) && result(record) == -ENOENT;
}

static bool is_created(const struct check_facts *facts, struct json_object *record)
{
	return string_is(record, "path", facts->created) && result(record) >= 0 &&
	       reply_true(record, "created");
}

static bool is_tcp(const struct check_facts *facts, struct json_object *record)
{
	return string_is(record, "protocol", "tcp") &&
	       reply_number(record, "dst_port") == facts->tcp_port;
}

static bool is_udp(const struct check_facts *facts, struct json_object *record)
{
	return string_is(record, "protocol", "udp") &&
	       reply_number(record, "dst_port") == facts->udp_port;
}

static bool is_unix(const struct check_facts *facts, struct json_object *record)
{
	return string_is(record, "path", facts->socket) && result(record) == 0;
}

static bool is_cgroup(const struct check_facts *facts, struct json_object *record)
{
	(void)facts;
	/* Where to depends on whose root it is (cgroup_namespaces(7)): that it moved itself is what counts. */
	return !json_object_object_get_ex(record, "mover_pid", NULL);
}

static bool is_exit(const struct check_facts *facts, struct json_object *record)
{
	(void)facts;
	return reply_number(record, "exit_code") == CHECK_EXIT_CODE;
}

static bool is_end(const struct check_facts *facts, struct json_object *record)
{
	(void)facts;
	return reply_number(record, "lost") == 0;
}

static const struct {
	const char *name;
	const char *event;
	bool (*match)(const struct check_facts *facts, struct json_object *record);
} STEPS[CHECK_STEPS] = {
	[CHECK_START] = { "the start of a session", "session.start", is_start },
	[CHECK_SWITCH] = { "a session within a session", "session.switch", is_start },
	[CHECK_EXEC] = { "a program that is executed", "session.command", is_exec },
	[CHECK_EXEC_FAILED] = { "a program that is not there", "session.command", is_absent },
	[CHECK_OPEN] = { "a file that is created", "session.disk", is_created },
	[CHECK_OPEN_FAILED] = { "a file that is not there", "session.disk", is_absent },
	[CHECK_TCP] = { "a TCP connection", "session.network", is_tcp },
	[CHECK_UDP] = { "a UDP datagram", "session.network", is_udp },
	[CHECK_UNIX] = { "a connection to a Unix socket", "session.network", is_unix },
	[CHECK_CGROUP] = { "a process that leaves the cgroup", "session.cgroup", is_cgroup },
	[CHECK_EXIT] = { "the end of a process", "session.exit", is_exit },
	[CHECK_END] = { "the end of the session, with nothing lost", "session.end", is_end },
};

const char *check_step_name(enum check_step step)
{
	return STEPS[step].name;
}

enum check_step check_expect_match(const struct check_facts *facts, struct json_object *record)
{
	for (unsigned int i = 0; i < CHECK_STEPS; i++)
		if (string_is(record, "event", STEPS[i].event) && STEPS[i].match(facts, record))
			return (enum check_step)i;
	return CHECK_STEPS;
}
