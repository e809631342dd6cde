/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/status_text.h"

#include <inttypes.h>
#include <json-c/json.h>
#include <string.h>
#include <time.h>

#include "base/utf8.h"
#include "cli/reply.h"

enum {
	NS_PER_MS = 1000000,
	MS_PER_S = 1000,
};

enum metric_type {
	METRIC_GAUGE,
	METRIC_COUNTER,
	METRIC_INFO,
};

static const struct {
	const char *name;
	const char *suffix; /* of its samples */
} TYPES[] = {
	[METRIC_GAUGE] = { "gauge", "" },
	[METRIC_COUNTER] = { "counter", "_total" },
	[METRIC_INFO] = { "info", "_info" },
};

/* A metric whose value is one number of the status. */
struct metric {
	const char *name; /* of the family, behind "seshat_" */
	enum metric_type type;
	const char *unit; /* the end of the name, or NULL */
	const char *object;
	const char *key;
	const char *help;
};

static const struct metric METRICS[] = {
	{ "sessions_open", METRIC_GAUGE, NULL, "sessions", "open",
	  "Sessions that are audited now." },
	{ "sessions_opened", METRIC_COUNTER, NULL, "sessions", "opened",
	  "Sessions opened since the agent started." },
	{ "sessions_refused", METRIC_COUNTER, NULL, "sessions", "refused",
	  "Sessions that could not be opened." },
	{ "records_written", METRIC_COUNTER, NULL, "records", "written", "Audit records written." },
	{ "records_undecodable", METRIC_COUNTER, NULL, "records", "undecodable",
	  "Kernel records that could not be read." },
	{ "records_unmatched", METRIC_COUNTER, NULL, "records", "unmatched",
	  "Kernel records of no session." },
	{ "ring_size_bytes", METRIC_GAUGE, "bytes", "ring", "size", "Size of the ring buffer." },
	{ "ring_used_bytes", METRIC_GAUGE, "bytes", "ring", "used",
	  "Bytes of the ring buffer that wait to be read." },
	{ "memory_resident_bytes", METRIC_GAUGE, "bytes", "memory", "rss",
	  "Memory of the agent that is resident." },
};

/* A metric with a sample for each sink. */
static const struct metric SINK_METRICS[] = {
	{ "sink_records_written", METRIC_COUNTER, NULL, NULL, "written",
	  "Records written to the sink." },
	{ "sink_records_refused", METRIC_COUNTER, NULL, NULL, "refused",
	  "Records that the sink did not take." },
	{ "sink_backlog_records", METRIC_GAUGE, NULL, NULL, "backlog_lines",
	  "Records that wait for the sink." },
	{ "sink_backlog_bytes", METRIC_GAUGE, "bytes", NULL, "backlog_bytes",
	  "Bytes that wait for the sink." },
};

static void family(struct text *text, const struct metric *metric)
{
	text_printf(text, "# TYPE seshat_%s %s\n", metric->name, TYPES[metric->type].name);
	if (metric->unit)
		text_printf(text, "# UNIT seshat_%s %s\n", metric->name, metric->unit);
	text_printf(text, "# HELP seshat_%s %s\n", metric->name, metric->help);
}

static void sample(struct text *text, const struct metric *metric)
{
	text_printf(text, "seshat_%s%s", metric->name, TYPES[metric->type].suffix);
}

/* The value of a label: any text, of which a backslash, a quotation mark and a line feed are escaped. */
static void label_value(struct text *text, struct bytes value)
{
	for (size_t at = 0; at < value.size;) {
		uint32_t point = 0;
		size_t length = utf8_decode(value.data + at, value.size - at, &point);

		if (length == 0) {
			text_printf(text, "\xef\xbf\xbd"); /* U+FFFD */
			length = 1;
		} else if (point == '\n') {
			text_printf(text, "\\n");
		} else if (point == '"' || point == '\\') {
			text_printf(text, "\\%c", (char)point);
		} else {
			text_printf(text, "%.*s", (int)length, value.data + at);
		}
		at += length;
	}
}

static void label(struct text *text, const char *name, struct bytes value, const char *end)
{
	text_printf(text, "%s=\"", name);
	label_value(text, value);
	text_printf(text, "\"%s", end);
}

static void build(struct text *text, struct json_object *status)
{
	static const struct metric metric = {
		"build", METRIC_INFO, NULL, NULL, NULL, "The agent and what it runs on."
	};

	family(text, &metric);
	sample(text, &metric);
	text_printf(text, "{");
	label(text, "version", reply_string(status, "version"), ",");
	label(text, "kernel", reply_string(status, "kernel"), ",");
	label(text, "strategy", reply_string(status, "strategy"), "} 1\n");
}

static void start_time(struct text *text, struct json_object *status)
{
	static const struct metric metric = { "start_time_seconds",
					      METRIC_GAUGE,
					      "seconds",
					      NULL,
					      NULL,
					      "When the agent started, since 1970." };
	struct bytes started = reply_string(status, "started");
	struct tm utc = { 0 };

	if (!started.data || !strptime(started.data, "%Y-%m-%dT%H:%M:%S", &utc))
		return;
	family(text, &metric);
	sample(text, &metric);
	text_printf(text, " %lld\n", (long long)timegm(&utc));
}

static void uptime(struct text *text, struct json_object *status)
{
	static const struct metric metric = {
		"uptime_seconds", METRIC_GAUGE, "seconds", NULL, NULL, "How long the agent has run."
	};
	int64_t ms = reply_number(status, "uptime_ns") / NS_PER_MS;

	family(text, &metric);
	sample(text, &metric);
	text_printf(text, " %" PRId64 ".%03" PRId64 "\n", ms / MS_PER_S, ms % MS_PER_S);
}

static void probe_samples(struct text *text, struct json_object *status)
{
	static const struct metric metric = {
		"probe_loaded", METRIC_GAUGE, NULL,
		NULL,		NULL,	      "Whether the kernel takes the probe."
	};

	family(text, &metric);
	for (size_t i = 0; i < reply_count(status, "probes"); i++) {
		text_printf(text, "seshat_probe_loaded{");
		label(text, "probe", reply_bytes(reply_element(status, "probes", i)), "} 1\n");
	}
	for (size_t i = 0; i < reply_count(status, "probes_missing"); i++) {
		text_printf(text, "seshat_probe_loaded{");
		label(text, "probe",
		      reply_string(reply_element(status, "probes_missing", i), "probe"), "} 0\n");
	}
}

static void attached(struct text *text, struct json_object *status)
{
	static const struct metric metric = {
		"probes_attached",
		METRIC_GAUGE,
		NULL,
		NULL,
		NULL,
		"Whether the probes are attached: 1 while a session is open."
	};

	family(text, &metric);
	sample(text, &metric);
	text_printf(text, " %d\n", reply_true(status, "attached"));
}

static void lost(struct text *text, struct json_object *status)
{
	static const struct metric metric = {
		"records_lost", METRIC_COUNTER,
		NULL,		NULL,
		NULL,		"Records that could not be written, by where they were lost."
	};
	struct json_object *counts = reply_member(status, "lost");

	family(text, &metric);
	if (!json_object_is_type(counts, json_type_object))
		return;
	json_object_object_foreach(counts, where, count)
	{
		sample(text, &metric);
		text_printf(text, "{");
		label(text, "where", bytes_of(where), "}");
		text_printf(text, " %" PRId64 "\n", json_object_get_int64(count));
	}
}

static void numbers(struct text *text, struct json_object *status)
{
	for (size_t i = 0; i < ARRAY_SIZE(METRICS); i++) {
		family(text, &METRICS[i]);
		sample(text, &METRICS[i]);
		text_printf(text, " %" PRId64 "\n",
			    reply_number(reply_member(status, METRICS[i].object), METRICS[i].key));
	}
}

static void sink_samples(struct text *text, struct json_object *status, const struct metric *metric)
{
	family(text, metric);
	for (size_t i = 0; i < reply_count(status, "sinks"); i++) {
		struct json_object *sink = reply_element(status, "sinks", i);

		sample(text, metric);
		text_printf(text, "{");
		label(text, "sink", reply_string(sink, "name"), "}");
		text_printf(text, " %" PRId64 "\n",
			    metric->key ? reply_number(sink, metric->key) :
					  (int64_t)!reply_member(sink, "error"));
	}
}

void status_metrics(struct text *text, struct json_object *status)
{
	static const struct metric up = {
		"sink_up", METRIC_GAUGE, NULL, NULL, NULL, "Whether the sink takes records."
	};

	build(text, status);
	start_time(text, status);
	uptime(text, status);
	attached(text, status);
	probe_samples(text, status);
	numbers(text, status);
	lost(text, status);
	for (size_t i = 0; i < ARRAY_SIZE(SINK_METRICS); i++)
		sink_samples(text, status, &SINK_METRICS[i]);
	sink_samples(text, status, &up);
	text_printf(text, "# EOF\n");
}
