/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/show.h"

#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <json-c/json.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/uuid.h"
#include "cli/agent.h"
#include "cli/log_record.h"
#include "cli/log_scan.h"
#include "cli/output.h"
#include "cli/status.h"
#include "cli/tail_print.h"
#include "cli/timeline.h"
#include "control/message.h"

enum {
	KEY_JSON = 256,
	KEY_FILE,
};

struct show_options {
	struct agent_options agent;
	const char *file;
	const char *sid;
	bool json;
};

static const struct argp_option OPTIONS[] = {
	{ "json", KEY_JSON, NULL, 0, "show the session's records as they are", 0 },
	{ "file", KEY_FILE, "FILE", 0, "the log (default: as configured)", 0 },
	{ 0 },
};

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	struct show_options *options = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
		state->child_inputs[0] = &options->agent;
		return 0;
	case KEY_JSON:
		options->json = true;
		return 0;
	case KEY_FILE:
		options->file = argument;
		return 0;
	case ARGP_KEY_ARG:
		if (options->sid)
			argp_error(state, "one SID only");
		options->sid = argument;
		return 0;
	case ARGP_KEY_END:
		if (!options->sid || !options->sid[0])
			argp_error(state, "no SID given");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_child CHILDREN[] = { { .argp = &AGENT_PARSER }, { 0 } };

static const struct argp PARSER = {
	.options = OPTIONS,
	.parser = parse_option,
	.args_doc = "SID",
	.children = CHILDREN,
	.doc = "Show one session: who and from where, and what each of its processes did. SID is the session's id, or "
	       "its beginning.",
};

/* The session that is meant. */
struct search {
	const char *prefix;
	char sid[UUID_SIZE];   /* "": not found yet */
	char other[UUID_SIZE]; /* another one that begins so */
};

static void search_take(struct search *search, struct bytes sid)
{
	size_t prefix = strlen(search->prefix);
	char *place = search->sid[0] ? search->other : search->sid;

	if (sid.size >= UUID_SIZE || sid.size < prefix ||
	    memcmp(sid.data, search->prefix, prefix) != 0)
		return;
	if (search->other[0] || bytes_equal(sid, bytes_of(search->sid)))
		return;
	memcpy(place, sid.data, sid.size);
	place[sid.size] = '\0';
}

static int search_line(void *userdata, const char *line, size_t size)
{
	_cleanup_(control_message_freep) struct json_object *record = NULL;
	struct search *search = userdata;
	struct log_head head;

	if (log_head_read(line, size, &head)) {
		search_take(search, head.sid);
		return 0;
	}
	if (log_record_parse(line, size, &record) == 0)
		search_take(search, log_record_head(record).sid);
	return 0;
}

/* One session that is shown. */
struct show {
	struct bytes sid;
	struct timeline timeline;
	struct output output;
	bool json;
};

static bool line_is_of(const char *line, size_t size, struct bytes sid)
{
	_cleanup_(control_message_freep) struct json_object *record = NULL;
	struct log_head head;

	if (log_head_read(line, size, &head))
		return bytes_equal(head.sid, sid);
	return log_record_parse(line, size, &record) == 0 &&
	       bytes_equal(log_record_head(record).sid, sid);
}

static int show_line(void *userdata, const char *line, size_t size)
{
	struct show *show = userdata;
	int r;

	if (!line_is_of(line, size, show->sid))
		return 0;
	r = show->json ? tail_print(&show->output, line, size, true) :
			 timeline_add(&show->timeline, line, size);
	if (r == 0 && show->output.buffer.size >= OUTPUT_BATCH && output_flush(&show->output))
		return -EPIPE;
	return r;
}

/* Returns 0 or an exit status. */
static int find(const char *path, struct search *search)
{
	uint64_t broken = 0;
	int r = log_scan(path, NULL, search_line, search, &broken);

	if (broken > 0)
		log_warning("%s: %" PRIu64 " lines are broken, ignoring", path, broken);
	if (r < 0) {
		log_error("cannot read %s: %s", path, strerror(-r));
		return STATUS_FAILED;
	}
	if (!search->sid[0]) {
		log_error("%s has no session that begins with %s", path, search->prefix);
		return STATUS_NEGATIVE;
	}
	if (search->other[0]) {
		log_error("more than one session begins with %s: %s, %s", search->prefix,
			  search->sid, search->other);
		return STATUS_NEGATIVE;
	}
	return 0;
}

static int show_session(const char *path, const char *sid, bool json)
{
	struct show show = { .sid = bytes_of(sid), .json = json };
	int r, status = 0;

	output_init(&show.output);
	show.timeline.output = &show.output;
	r = log_scan(path, NULL, show_line, &show, NULL);
	if (r == 0 && !json)
		timeline_finish(&show.timeline);
	timeline_free(&show.timeline);
	if (r < 0 && r != -EPIPE)
		log_error("cannot show %s: %s", sid, strerror(-r));
	if (r < 0)
		status = STATUS_FAILED;
	return output_end(&show.output, status);
}

int show_main(int argc, char **argv)
{
	_cleanup_(config_free) struct config config = { 0 };
	struct show_options options = { 0 };
	struct search search = { 0 };
	char name[] = "seshat show";
	const char *path;
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
	path = options.file ? options.file : config.file.path;
	search.prefix = options.sid;
	status = find(path, &search);
	return status ? status : show_session(path, search.sid, options.json);
}
