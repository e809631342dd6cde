/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/tail.h"

#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "cli/agent.h"
#include "cli/output.h"
#include "cli/since.h"
#include "cli/status.h"
#include "cli/tail_read.h"

enum {
	KEY_JSON = 256,
	KEY_SID,
	KEY_LOGIN,
	KEY_USER,
	KEY_EVENT,
	KEY_PATH,
	KEY_SINCE,
	KEY_FILE,
	KEY_JOURNAL,

	COUNT_DEFAULT = 10,
	COUNT_MAX = 1000000, /* lines that are kept in memory */
};

struct tail_options {
	struct agent_options agent;
	struct tail tail;
	const char *file;
	bool counted; /* -n was given */
	bool journal;
};

static const struct argp_option OPTIONS[] = {
	{ "follow", 'f', NULL, 0, "go on with the records that come", 0 },
	{ "lines", 'n', "N", 0, "show the last N records (default: 10, or all with --since)", 0 },
	{ "since", KEY_SINCE, "TIME", 0,
	  "only records since TIME: \"2h\" (ago), \"15:30\", \"2026-11-21 15:30\", ...", 0 },
	{ "sid", KEY_SID, "SID", 0, "only of sessions whose id begins so", 0 },
	{ "login", KEY_LOGIN, "NAME", 0, "only of this account", 0 },
	{ "user", KEY_USER, "NAME", 0,
	  "only of this user (a certificate's key id, else the account)", 0 },
	{ "event", KEY_EVENT, "NAME[,NAME...]", 0, "only these events: command, disk, network, ...",
	  0 },
	{ "path", KEY_PATH, "PATTERN", 0, "only with such a path, as glob(7): * takes slashes, too",
	  0 },
	{ "json", KEY_JSON, NULL, 0, "show the records as they are", 0 },
	{ "file", KEY_FILE, "FILE", 0, "the log (default: as configured)", 0 },
	{ "journal", KEY_JOURNAL, NULL, 0, "read systemd's journal instead of the file", 0 },
	{ 0 },
};

static size_t parse_count(const char *argument, struct argp_state *state)
{
	unsigned long count;
	char *end;

	errno = 0;
	count = strtoul(argument, &end, 10);
	if (errno || *end || end == argument || strspn(argument, "0123456789") == 0 ||
	    count > COUNT_MAX)
		argp_error(state, "bad number of records: %s (up to %d)", argument, COUNT_MAX);
	return count;
}

static void parse_since(struct log_filter *filter, const char *argument, struct argp_state *state)
{
	int64_t now = (int64_t)clock_boottime_ns() + clock_offset_ns();

	if (since_parse(argument, now, filter->since) < 0)
		argp_error(state, "bad time: %s", argument);
}

static void parse_events(struct log_filter *filter, const char *argument, struct argp_state *state)
{
	const char *wrong;

	if (!log_filter_events_known(argument, &wrong))
		argp_error(state, "no such event: %.*s", (int)strcspn(wrong, ","), wrong);
	filter->events = argument;
}

static error_t parse_filter(int key, char *argument, struct argp_state *state)
{
	struct log_filter *filter = &((struct tail_options *)state->input)->tail.filter;

	switch (key) {
	case KEY_SID:
		filter->sid = argument;
		return 0;
	case KEY_LOGIN:
		filter->login = argument;
		return 0;
	case KEY_USER:
		filter->user = argument;
		return 0;
	case KEY_PATH:
		filter->path = argument;
		return 0;
	case KEY_EVENT:
		parse_events(filter, argument, state);
		return 0;
	case KEY_SINCE:
		parse_since(filter, argument, state);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void parse_end(struct tail_options *options, struct argp_state *state)
{
	if (options->journal && options->file)
		argp_error(state, "--journal and --file exclude each other");
	if (!options->counted)
		options->tail.count = options->tail.filter.since[0] ? TAIL_ALL : COUNT_DEFAULT;
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	struct tail_options *options = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &options->agent;
		return 0;
	case 'f':
		options->tail.follow = true;
		return 0;
	case 'n':
		options->tail.count = parse_count(argument, state);
		options->counted = true;
		return 0;
	case KEY_JSON:
		options->tail.json = true;
		return 0;
	case KEY_FILE:
		options->file = argument;
		return 0;
	case KEY_JOURNAL:
		options->journal = true;
		return 0;
	case ARGP_KEY_END:
		parse_end(options, state);
		return 0;
	default:
		return parse_filter(key, argument, state);
	}
}

static const struct argp_child CHILDREN[] = { { .argp = &AGENT_PARSER }, { 0 } };

static const struct argp PARSER = {
	.options = OPTIONS,
	.parser = parse_option,
	.children = CHILDREN,
	.doc = "Show the newest records of the log, of all sessions.",
};

static int read_log(struct tail_options *options, const struct config *config)
{
	const char *path = options->file ? options->file : config->file.path;
	int r = options->journal ? tail_read_journal(&options->tail, config->journal.namespace) :
				   tail_read_files(&options->tail, path);

	if (options->tail.broken > 0)
		log_warning("%" PRIu64 " lines are broken, ignoring", options->tail.broken);
	if (r == 0 || r == -EPIPE)
		return 0;
	log_error("cannot read %s: %s", options->journal ? "the journal" : path, strerror(-r));
	return STATUS_FAILED;
}

int tail_main(int argc, char **argv)
{
	_cleanup_(config_free) struct config config = { 0 };
	struct tail_options options = { 0 };
	struct output output;
	char name[] = "seshat tail";
	int status = 0;

	argv[0] = name;
	tzset();
	argp_err_exit_status = STATUS_FAILED;
	if (argp_parse(&PARSER, argc, argv, 0, NULL, &options))
		return STATUS_FAILED;
	if (!options.file)
		status = agent_config(&options.agent, &config);
	if (status)
		return status;
	if (!options.file && !options.journal && !config.file.enabled) {
		log_error("no log file is configured: try --journal");
		return STATUS_FAILED;
	}
	output_init(&output);
	options.tail.output = &output;
	return output_end(&output, read_log(&options, &config));
}
