/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/check_session.h"

#include <errno.h>
#include <json-c/json.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/uuid.h"
#include "cli/check_canary.h"
#include "cli/check_sink.h"
#include "cli/login_request.h"
#include "cli/reply.h"
#include "control/message.h"

enum {
	SINKS_MAX = 2, /* file and journal */
	WHAT_SIZE = 128,
};

#define BIT(step) (UINT32_C(1) << (step))

struct check {
	const struct agent_options *options;
	struct check_results *results;
	struct canary canary;
	struct check_sink sinks[SINKS_MAX];
	const char *names[SINKS_MAX]; /* constants */
	size_t sinks_count;
	char sid[UUID_SIZE]; /* "": there is none */
	bool switched;	     /* the session was there before */
};

/* Opens a sink, or tells why not. */
static void add_sink(struct check *check, const char *name, const char *where, int r)
{
	char what[WHAT_SIZE];

	(void)snprintf(what, sizeof(what), "the %s can be read", name);
	if (r == -ENXIO) {
		check_results_skip(check->results, what, "it is not on the usual socket");
		return;
	}
	check_results_add(check->results, r == 0, what, "%s%s%s", where, r < 0 ? ": " : "",
			  r < 0 ? strerror(-r) : "");
	if (r == 0)
		check->names[check->sinks_count++] = name;
}

static void open_sinks(struct check *check, struct json_object *status)
{
	struct bytes log = reply_string(status, "log"), journal = reply_string(status, "journal");
	struct clock_text cache = { 0 };
	char now[CLOCK_TEXT_SIZE + 1] = "";

	clock_format(&cache, (int64_t)clock_boottime_ns() + clock_offset_ns(), now);
	if (log.data)
		add_sink(check, "file", log.data,
			 check_sink_open_file(&check->sinks[check->sinks_count], log.data));
	if (journal.data)
		add_sink(check, "journal", journal.data,
			 check_sink_open_journal(&check->sinks[check->sinks_count], journal.data,
						 now));
}

static const char *own_name(void)
{
	const struct passwd *entry = getpwuid(getuid());

	return entry ? entry->pw_name : "root";
}

static bool open_session(struct check *check)
{
	struct login_options login = {
		.user = own_name(),
		.service = CHECK_SERVICE,
		.pid = check->canary.pid,
	};
	_cleanup_(control_message_freep) struct json_object *request = login_request(&login);
	_cleanup_(control_message_freep) struct json_object *reply = NULL;
	struct bytes sid;
	int status = agent_ask(check->options, request, &reply);

	sid = reply_string(reply, "sid");
	check_results_add(check->results, status == 0 && sid.size < UUID_SIZE,
			  "a session is opened", "%s", sid.data ? sid.data : "");
	if (status || !sid.data || sid.size >= UUID_SIZE)
		return false;
	memcpy(check->sid, sid.data, sid.size);
	check->switched = reply_true(reply, "switched");
	return true;
}

static void close_session(struct check *check)
{
	_cleanup_(control_message_freep) struct json_object *request =
		agent_request("session.close");
	_cleanup_(control_message_freep) struct json_object *reply = NULL;
	int status;

	if (!check->sid[0] || check->switched)
		return;
	if (request && control_add_string(request, "sid", check->sid) < 0)
		return;
	status = agent_ask(check->options, request, &reply);
	check_results_add(check->results, status == 0, "the session is closed", "%s", "");
}

static void tell_step(struct check *check, const struct check_sink *sink, const char *name,
		      enum check_step step)
{
	bool seen = sink->seen & BIT(step);
	char what[WHAT_SIZE];

	(void)snprintf(what, sizeof(what), "%s: %s", name, check_step_name(step));
	check_results_add(check->results, seen, what, "%s", seen ? "" : "no such record has come");
}

static void look(struct check *check, uint32_t wanted, int timeout_ms)
{
	for (size_t i = 0; i < check->sinks_count; i++) {
		struct check_sink *sink = &check->sinks[i];
		int r = check_sink_wait(sink, &check->canary.facts, check->sid, wanted, timeout_ms);

		if (r < 0)
			check_results_add(check->results, false, check->names[i], "%s",
					  strerror(-r));
		for (unsigned int step = 0; step < CHECK_STEPS; step++)
			if (wanted & BIT(step))
				tell_step(check, sink, check->names[i], (enum check_step)step);
	}
}

static void run(struct check *check, struct json_object *status, int timeout_ms)
{
	uint32_t wanted = 0;
	int r = canary_start(&check->canary);

	if (r == 0)
		open_sinks(check, status);
	if (r == 0 && !open_session(check))
		return;
	if (r == 0)
		r = canary_run(&check->canary, &wanted);
	check_results_add(check->results, r == 0, "the canary does one of each", "%s",
			  r < 0 ? strerror(-r) : "");
	close_session(check);
	canary_finish(&check->canary);
	if (r < 0)
		return;
	if (!(wanted & BIT(CHECK_CGROUP)))
		check_results_skip(check->results, check_step_name(CHECK_CGROUP),
				   "it cannot leave it here");
	wanted &= check->switched ? ~(BIT(CHECK_START) | BIT(CHECK_END)) : ~BIT(CHECK_SWITCH);
	look(check, wanted, timeout_ms);
}

void check_session(const struct agent_options *options, struct json_object *status, int timeout_ms,
		   struct check_results *results)
{
	struct check check = { .options = options, .results = results };
	sigset_t ending, before;

	/* It takes a bounded time, and leaves nothing behind: an end comes after that. */
	sigemptyset(&ending);
	sigaddset(&ending, SIGINT);
	sigaddset(&ending, SIGTERM);
	sigaddset(&ending, SIGHUP);
	(void)sigprocmask(SIG_BLOCK, &ending, &before);
	run(&check, status, timeout_ms);
	canary_free(&check.canary);
	for (size_t i = 0; i < check.sinks_count; i++)
		check_sink_close(&check.sinks[i]);
	(void)sigprocmask(SIG_SETMASK, &before, NULL);
}
