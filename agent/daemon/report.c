/* SPDX-License-Identifier: Apache-2.0 */
/* What the agent tells of itself and of its sessions. */
#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "control/message.h"
#include "control/protocol.h"
#include "daemon/state.h"

enum {
	PAGE_BYTES = CONTROL_MESSAGE_MAX -
		     16384, /* of sessions in one reply; the next page has the rest */
	PAGE_MAX = 64,	    /* one request must not keep the others waiting */
};

/* An object or array under construction: the first error sticks. */
struct report {
	struct json_object *object;
	int error;
};

static void add(struct report *report, const char *key, struct json_object *value)
{
	int r = control_add(report->object, key, value);

	if (report->error == 0)
		report->error = r;
}

static void add_uint(struct report *report, const char *key, uint64_t value)
{
	add(report, key, json_object_new_uint64(value));
}

static void add_text(struct report *report, const char *key, const char *text)
{
	int r = text && text[0] ? control_add_string(report->object, key, text) : 0;

	if (report->error == 0)
		report->error = r;
}

/* A new object, which belongs to the report from then on. */
static struct report add_object(struct report *report, const char *key)
{
	struct report inner = { .object = json_object_new_object() };

	add(report, key, inner.object);
	if (!inner.object)
		inner.error = -ENOMEM;
	return inner;
}

static void append(struct report *report, struct json_object *array, struct json_object *value)
{
	if (value && array && json_object_array_add(array, value) == 0)
		return;
	json_object_put(value);
	report->error = -ENOMEM;
}

static struct json_object *add_array(struct report *report, const char *key)
{
	struct json_object *array = json_object_new_array();

	add(report, key, array);
	return array;
}

static void add_names(struct report *report, const char *key, const char *const *names,
		      size_t count)
{
	struct json_object *array = add_array(report, key);

	for (size_t i = 0; report->error == 0 && i < count; i++)
		append(report, array, json_object_new_string(names[i]));
}

static void merge(struct report *report, const struct report *inner)
{
	if (report->error == 0)
		report->error = inner->error;
}

static void add_time(struct report *report, const char *key, const struct agent *agent,
		     uint64_t boottime)
{
	struct clock_text cache = { 0 };
	char text[CLOCK_TEXT_SIZE + 1] = "";

	clock_format(&cache, pipeline_realtime(agent->pipeline, boottime), text);
	add_text(report, key, text);
}

static void report_probes(struct report *report, const struct probes_report *probes)
{
	struct json_object *missing;

	add_names(report, "events_off", probes->off, probes->off_count);
	add_names(report, "probes", probes->attached, probes->attached_count);
	missing = add_array(report, "probes_missing");
	for (size_t i = 0; report->error == 0 && i < probes->missing_count; i++) {
		struct report one = { .object = json_object_new_object() };

		append(report, missing, one.object);
		if (report->error)
			return;
		add_text(&one, "probe", probes->missing[i].probe);
		add_text(&one, "reason", probes->missing[i].reason);
		merge(report, &one);
	}
}

static void report_counts(struct report *report, const struct agent *agent)
{
	static const char *const reasons[] = {
		[LOSS_RING] = "ring",	  [LOSS_MEMORY] = "memory", [LOSS_DECODE] = "decode",
		[LOSS_ENCODE] = "encode", [LOSS_SINK] = "sink",	    [LOSS_PREEMPTED] = "preempted",
	};
	struct pipeline_stats stats;
	struct report inner = add_object(report, "sessions");

	add_uint(&inner, "open", agent->sessions.open);
	add_uint(&inner, "opened", agent->sessions.opened);
	add_uint(&inner, "switched", agent->sessions.switched);
	add_uint(&inner, "refused", agent->sessions.refused);
	merge(report, &inner);
	pipeline_stats_get(agent->pipeline, &stats);
	inner = add_object(report, "records");
	add_uint(&inner, "written", stats.written);
	add_uint(&inner, "undecodable", stats.undecodable);
	add_uint(&inner, "unmatched", stats.unmatched);
	merge(report, &inner);
	inner = add_object(report, "lost");
	_Static_assert(ARRAY_SIZE(reasons) == LOSS_REASONS, "a reason has no name");
	for (size_t i = 0; i < LOSS_REASONS; i++)
		add_uint(&inner, reasons[i], stats.lost[i]);
	merge(report, &inner);
	inner = add_object(report, "ring");
	add_uint(&inner, "size", ring_size(agent->ring));
	add_uint(&inner, "used", ring_used(agent->ring));
	merge(report, &inner);
}

static void report_sink(struct report *report, const struct agent *agent, size_t place)
{
	const struct sink *sink = pipeline_sink(agent->pipeline, place);
	struct sink_status status;

	sink_status_get(sink, &status);
	add_text(report, "name", sink->name);
	if (place == AGENT_SINK_FILE)
		add_text(report, "path", agent->config.file.path);
	add_uint(report, "written", status.written);
	add_uint(report, "refused", status.refused);
	add_uint(report, "backlog_lines", status.backlog_lines);
	add_uint(report, "backlog_bytes", status.backlog_bytes);
	if (status.error < 0) {
		add_text(report, "error", strerror(-status.error));
		add_text(report, "error_errno", strerrorname_np(-status.error));
	}
}

static void report_sinks(struct report *report, const struct agent *agent)
{
	struct json_object *sinks = add_array(report, "sinks");
	_cleanup_free_ char *socket = NULL;

	for (size_t place = 0; report->error == 0 && place < AGENT_SINKS; place++) {
		struct report one = { .object = NULL };

		if (!pipeline_sink(agent->pipeline, place))
			continue;
		one.object = json_object_new_object();
		append(report, sinks, one.object);
		if (report->error)
			return;
		report_sink(&one, agent, place);
		merge(report, &one);
	}
	if (agent->config.file.enabled)
		add_text(report, "log", agent->config.file.path);
	if (agent->config.journal.enabled && agent_journal_socket(&agent->config, &socket) == 0)
		add_text(report, "journal", socket);
}

/* Resident memory, of which the second number of /proc/self/statm tells in pages. */
static uint64_t resident(void)
{
	char text[128];
	const char *pages;

	if (fd_read_text("/proc/self/statm", text, sizeof(text)) <= 0)
		return 0;
	pages = strchr(text, ' ');
	return pages ? strtoull(pages, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

int agent_report_status(struct agent *agent, struct json_object *reply)
{
	struct report report = { .object = reply }, memory;

	add_text(&report, "version", SESHAT_VERSION);
	add_text(&report, "kernel", agent->kernel.release);
	add_text(&report, "strategy", strategy_name(loader_strategy(agent->loader)));
	add_text(&report, "strategy_reason", loader_strategy(agent->loader)->reason);
	add_uint(&report, "pid", (uint64_t)getpid());
	add_time(&report, "started", agent, agent->started);
	add_uint(&report, "uptime_ns", clock_boottime_ns() - agent->started);
	add(&report, "attached", json_object_new_boolean(loader_attached(agent->loader)));
	add(&report, "pinned", json_object_new_boolean(agent->pin != NULL));
	report_probes(&report, &agent->probes.report);
	report_counts(&report, agent);
	report_sinks(&report, agent);
	add_text(&report, "config", agent->options.config);
	memory = add_object(&report, "memory");
	add_uint(&memory, "rss", resident());
	merge(&report, &memory);
	add_names(&report, "capabilities", (const char *const *)agent->caps, agent->caps_count);
	return report.error;
}

static void report_auth(struct report *report, const struct login_auth *auth)
{
	if (auth->methods_count > 0)
		add_names(report, "auth_method", (const char *const *)auth->methods,
			  auth->methods_count);
	add_text(report, "key_fingerprint", auth->key.fingerprint);
}

static void report_progress(struct report *report, const struct agent_session *session)
{
	const struct agent *agent = session->agent;
	struct session_progress progress = { 0 };
	struct scope_accounts accounts = { 0 };
	uint64_t lost = 0;

	if (scope_accounts(agent->loader, session->key, &accounts) == 0 && accounts.processes > 0)
		add_uint(report, "processes", (uint64_t)accounts.processes);
	else
		add_uint(report, "processes", 0);
	(void)pipeline_session_progress(agent->pipeline, session->key, &progress);
	add_uint(report, "records", progress.ei);
	for (size_t i = 0; i < WIRE_KINDS; i++)
		lost += accounts.lost[i];
	add_uint(report, "lost", lost > progress.counted ? lost : progress.counted);
}

static struct json_object *report_session(const struct agent_session *session)
{
	const struct login *login = &session->login;
	struct report report = { .object = json_object_new_object() };

	if (!report.object)
		return NULL;
	add_text(&report, "sid", session->sid);
	add_text(&report, "login", login->login);
	add_text(&report, "user", login->user);
	add_text(&report, "service", login->service);
	add_text(&report, "src_addr", login->connection.src_addr);
	if (login->connection.src_addr)
		add_uint(&report, "src_port", login->connection.src_port);
	report_auth(&report, &login->auth);
	add_text(&report, "tty", login->tty);
	add_uint(&report, "leader_pid", (uint64_t)session->leader);
	add_text(&report, "cgroup_path", session->cgroup.path);
	add_time(&report, "start_time", session->agent, session->start_time);
	add_text(&report, "state", session->logged_out ? "logout" : "open");
	report_progress(&report, session);
	if (report.error == 0)
		return report.object;
	json_object_put(report.object);
	return NULL;
}

/* The first session with a key above `after`: they are in the order of their keys, so pages miss none and show none twice. */
static struct agent_session *session_after(const struct agent *agent, uint64_t after)
{
	struct agent_session *session = agent->sessions.by_key;

	while (session && session->key <= after)
		session = session->by_key.next;
	return session;
}

int agent_report_sessions(struct agent *agent, int64_t after, struct json_object *reply)
{
	struct report report = { .object = reply };
	struct json_object *array = add_array(&report, "sessions");
	struct agent_session *session = session_after(agent, (uint64_t)after);
	size_t bytes = 0;

	for (int i = 0; report.error == 0 && session; i++) {
		struct json_object *one = i < PAGE_MAX ? report_session(session) : NULL;

		bytes += one ? strlen(json_object_to_json_string_ext(one, JSON_C_TO_STRING_PLAIN)) :
			       0;
		if (i == PAGE_MAX || (bytes > PAGE_BYTES && i > 0)) {
			json_object_put(one);
			add_uint(&report, "next", (uint64_t)after);
			break;
		}
		append(&report, array, one);
		after = (int64_t)session->key;
		session = session->by_key.next;
	}
	return report.error;
}
