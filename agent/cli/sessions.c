/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/sessions.h"

#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "cli/columns.h"
#include "cli/log_scan.h"
#include "cli/output.h"
#include "cli/reply.h"
#include "cli/sessions_list.h"
#include "cli/since.h"
#include "cli/status.h"
#include "control/message.h"

enum {
	KEY_JSON = 256,
	KEY_LIVE,
	KEY_PAST,
	KEY_SINCE,
	KEY_FILE,

	CELL_SIZE = 64,
	SECONDS_SIZE = 19,   /* "2026-11-21T15:30:00" */
	PAGES_MAX = 1000000, /* an agent that says "there is more" for ever is not believed */
};

#define NS_PER_S INT64_C(1000000000)

struct sessions_options {
	struct agent_options agent;
	const char *file;
	char since[CLOCK_TEXT_SIZE + 1];
	bool live;
	bool past;
	bool json;
};

static const struct argp_option OPTIONS[] = {
	{ "live", KEY_LIVE, NULL, 0, "only those that are open", 0 },
	{ "past", KEY_PAST, NULL, 0, "only those that have ended", 0 },
	{ "since", KEY_SINCE, "TIME", 0,
	  "only those that were open at TIME or later: \"2h\" (ago), \"15:30\", \"2026-11-21 15:30\", ...",
	  0 },
	{ "file", KEY_FILE, "FILE", 0, "the log (default: as configured)", 0 },
	{ "json", KEY_JSON, NULL, 0, "show each session as one line of JSON", 0 },
	{ 0 },
};

static int64_t now_ns(void)
{
	return (int64_t)clock_boottime_ns() + clock_offset_ns();
}

static void parse_since(struct sessions_options *options, const char *argument,
			struct argp_state *state)
{
	if (since_parse(argument, now_ns(), options->since) < 0)
		argp_error(state, "bad time: %s", argument);
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	struct sessions_options *options = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &options->agent;
		return 0;
	case KEY_LIVE:
		options->live = true;
		return 0;
	case KEY_PAST:
		options->past = true;
		return 0;
	case KEY_SINCE:
		parse_since(options, argument, state);
		return 0;
	case KEY_FILE:
		options->file = argument;
		return 0;
	case KEY_JSON:
		options->json = true;
		return 0;
	case ARGP_KEY_END:
		if (options->live && options->past)
			argp_error(state, "--live and --past exclude each other");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child CHILDREN[] = { { .argp = &AGENT_PARSER }, { 0 } };

static const struct argp PARSER = {
	.options = OPTIONS,
	.parser = parse_option,
	.children = CHILDREN,
	.doc = "List sessions: those that are open, as the agent says, and those that were, as the log says.",
};

/* One page; *after is where the next begins, or stays as it is when this was the last. */
static int ask_page(const struct agent_options *options, struct sessions_list *list,
		    struct json_object **after)
{
	_cleanup_(control_message_freep) struct json_object *request = agent_request("sessions");
	_cleanup_(control_message_freep) struct json_object *reply = NULL;
	int status;

	if (*after && request && control_add(request, "after", json_object_get(*after)) < 0)
		return STATUS_FAILED;
	status = agent_ask(options, request, &reply);
	if (status)
		return status;
	for (size_t i = 0; i < reply_count(reply, "sessions"); i++) {
		int r = sessions_list_add_live(list, reply_element(reply, "sessions", i));

		if (r < 0) {
			log_error("cannot take the agent's answer: %s", strerror(-r));
			return STATUS_FAILED;
		}
	}
	json_object_put(*after);
	*after = json_object_get(reply_member(reply, "next"));
	return 0;
}

int sessions_ask(const struct agent_options *options, struct sessions_list *list)
{
	_cleanup_(control_message_freep) struct json_object *after = NULL;
	size_t pages = 0;

	do {
		int status = ask_page(options, list, &after);

		if (status)
			return status;
	} while (after && ++pages < PAGES_MAX);
	return 0;
}

static int take_line(void *userdata, const char *line, size_t size)
{
	return sessions_list_add_line(userdata, line, size);
}

/* The log's own path, from the options or the configuration. */
static int read_log(const struct sessions_options *options, struct sessions_list *list)
{
	_cleanup_(config_free) struct config config = { 0 };
	const char *path = options->file;
	uint64_t broken = 0;
	int r;

	if (!path) {
		int status = agent_config(&options->agent, &config);

		if (status)
			return status;
		path = config.file.path;
		if (!config.file.enabled) {
			log_warning("no log file is configured: past sessions are not shown");
			return 0;
		}
	}
	r = log_scan(path, options->since, take_line, list, &broken);
	if (broken > 0)
		log_warning("%s: %" PRIu64 " lines are broken, ignoring", path, broken);
	if (r == -ENOENT && !options->file)
		return 0; /* nothing has been recorded */
	if (r < 0) {
		log_error("cannot read %s: %s", path, strerror(-r));
		return STATUS_FAILED;
	}
	return 0;
}

static int64_t time_ns(struct bytes time)
{
	struct tm utc = { 0 };

	if (time.size < SECONDS_SIZE || !strptime(time.data, "%Y-%m-%dT%H:%M:%S", &utc))
		return 0;
	return (int64_t)timegm(&utc) * NS_PER_S;
}

static void format_from(struct json_object *session, char cell[CELL_SIZE])
{
	struct bytes from = reply_string(session, "src_addr");

	if (!from.data)
		from = reply_string(session, "rhost");
	if (!from.data)
		from = reply_string(session, "tty");
	(void)snprintf(cell, CELL_SIZE, "%s", from.data ? from.data : "-");
}

static void format_start(struct json_object *session, char cell[CELL_SIZE])
{
	int64_t ns = time_ns(reply_string(session, "start_time"));
	time_t seconds;
	struct tm local;

	if (ns == 0 && reply_member(session, "end_time"))
		ns = time_ns(reply_string(session, "end_time")) -
		     reply_number(session, "duration_ns");
	seconds = (time_t)(ns / NS_PER_S);
	if (ns == 0 || !localtime_r(&seconds, &local) ||
	    strftime(cell, CELL_SIZE, "%Y-%m-%d %H:%M:%S", &local) == 0)
		(void)snprintf(cell, CELL_SIZE, "-");
}

static void format_duration(struct json_object *session, int64_t now, char cell[CELL_SIZE])
{
	int64_t start = time_ns(reply_string(session, "start_time")), seconds = -1;

	if (reply_member(session, "duration_ns"))
		seconds = reply_number(session, "duration_ns") / NS_PER_S;
	else if (sessions_list_is_live(session) && start > 0 && now > start)
		seconds = (now - start) / NS_PER_S;
	if (seconds < 0)
		(void)snprintf(cell, CELL_SIZE, "-");
	else if (seconds >= 86400)
		(void)snprintf(cell, CELL_SIZE, "%" PRId64 "d%02" PRId64 "h", seconds / 86400,
			       seconds / 3600 % 24);
	else
		(void)snprintf(cell, CELL_SIZE, "%" PRId64 ":%02" PRId64 ":%02" PRId64,
			       seconds / 3600, seconds / 60 % 60, seconds % 60);
}

static int add_text(struct columns *columns, struct json_object *session, const char *key)
{
	struct bytes value = reply_string(session, key);

	return columns_add(columns, value.size > 0 ? value : bytes_of("-"));
}

static int add_number(struct columns *columns, struct json_object *session, const char *key)
{
	char cell[CELL_SIZE] = "-";

	if (reply_member(session, key))
		(void)snprintf(cell, sizeof(cell), "%" PRId64, reply_number(session, key));
	return columns_add(columns, bytes_of(cell));
}

static int add_made(struct columns *columns, struct json_object *session, int64_t now)
{
	char from[CELL_SIZE], start[CELL_SIZE], duration[CELL_SIZE];
	int r;

	format_from(session, from);
	format_start(session, start);
	format_duration(session, now, duration);
	r = columns_add(columns, bytes_of(from));
	if (r == 0)
		r = columns_add(columns, bytes_of(start));
	return r < 0 ? r : columns_add(columns, bytes_of(duration));
}

static int add_row(struct columns *columns, struct json_object *session, int64_t now)
{
	static const char *const BEFORE[] = { "sid", "login", "user", "service" };
	static const char *const AFTER[] = { "processes", "records", "lost" };
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(BEFORE); i++)
		r = add_text(columns, session, BEFORE[i]);
	if (r == 0)
		r = add_made(columns, session, now);
	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(AFTER); i++)
		r = add_number(columns, session, AFTER[i]);
	return r < 0 ? r : add_text(columns, session, "state");
}

static bool wanted(const struct sessions_options *options, struct json_object *session)
{
	bool live = sessions_list_is_live(session);
	struct bytes end = reply_string(session, "end_time");

	if ((options->live && !live) || (options->past && live))
		return false;
	if (options->since[0] && !live) {
		struct bytes last = end.data ? end : reply_string(session, "start_time");

		return last.data && strcmp(last.data, options->since) >= 0;
	}
	return true;
}

static int show(const struct sessions_options *options, const struct sessions_list *list)
{
	static const char *const NAMES[] = { "SID",	"LOGIN", "USER",     "SERVICE",
					     "FROM",	"START", "DURATION", "PROCESSES",
					     "RECORDS", "LOST",	 "STATE" };
	_cleanup_(columns_free) struct columns columns = { .names = NAMES,
							   .count = ARRAY_SIZE(NAMES) };
	struct json_object *session;
	struct output output;
	int r = 0;

	output_init(&output);
	for (size_t i = 0; r == 0 && (session = sessions_list_get(list, i)); i++) {
		if (!wanted(options, session))
			continue;
		if (options->json)
			output_json(&output, session);
		else
			r = add_row(&columns, session, now_ns());
	}
	if (!options->json && r == 0)
		columns_print(&columns, &output.text);
	if (r < 0)
		output.text.error = r;
	return output_end(&output, 0);
}

/* A missing agent is told, and the log alone is shown. */
static int gather(const struct sessions_options *options, struct sessions_list *list)
{
	char asked[CLOCK_TEXT_SIZE + 1] = "";
	struct clock_text cache = { 0 };
	int status, r;

	clock_format(&cache, now_ns(), asked);
	status = sessions_ask(&options->agent, list);
	if (status && (options->live || status == STATUS_FAILED))
		return status;
	if (!options->live) {
		int failed = read_log(options, list);

		if (failed)
			return failed;
	}
	r = sessions_list_finish(list, status == 0 ? asked : NULL);
	return r < 0 ? STATUS_FAILED : 0;
}

int sessions_main(int argc, char **argv)
{
	_cleanup_(sessions_list_freep) struct sessions_list *list = NULL;
	struct sessions_options options = { 0 };
	char name[] = "seshat sessions";
	int status;

	argv[0] = name;
	tzset();
	argp_err_exit_status = STATUS_FAILED;
	if (argp_parse(&PARSER, argc, argv, 0, NULL, &options))
		return STATUS_FAILED;
	if (sessions_list_new(&list) < 0) {
		log_error("cannot list sessions: %s", strerror(ENOMEM));
		return STATUS_FAILED;
	}
	status = gather(&options, list);
	return status ? status : show(&options, list);
}
