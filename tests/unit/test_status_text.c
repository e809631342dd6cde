/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <ctype.h>

#include "cli/status_text.h"

enum {
	TEXT_LIMIT = 65536,
	FAMILIES_MAX = 64,
	NAME_SIZE = 128,
};

static const char STATUS[] =
	"{\"ok\":true,\"version\":\"0.1.0\",\"kernel\":\"6.1.0\\\"\\\\\\n\",\"strategy\":\"tracepoint\",\"pid\":512,"
	"\"started\":\"2026-11-21T15:30:00.000000000Z\",\"uptime_ns\":93784005000000,\"attached\":true,"
	"\"probes\":[\"exec\",\"exit\"],\"probes_missing\":[{\"probe\":\"send6\",\"reason\":\"not\\u001b[31m\"}],"
	"\"sessions\":{\"open\":2,\"opened\":7,\"refused\":1},"
	"\"records\":{\"written\":1000,\"undecodable\":1,\"unmatched\":2},"
	"\"lost\":{\"ring\":0,\"memory\":0,\"decode\":0,\"encode\":0,\"sink\":5},"
	"\"ring\":{\"size\":16777216,\"used\":4194304},"
	"\"sinks\":[{\"name\":\"file\",\"path\":\"/var/log/a b\",\"written\":9,\"refused\":0,\"backlog_lines\":0,"
	"\"backlog_bytes\":0},{\"name\":\"journal\",\"written\":3,\"refused\":5,\"backlog_lines\":1,"
	"\"backlog_bytes\":700,\"error\":\"No such file or directory\",\"error_errno\":2}],"
	"\"config\":\"/etc/seshat/seshat.conf\",\"memory\":{\"rss\":8388608},"
	"\"capabilities\":[\"cap_bpf\",\"cap_perfmon\"]}";

/* The caller frees it. */
static char *make(void (*print)(struct text *, struct json_object *), const char *json)
{
	struct json_object *status = check_parse(json, strlen(json));
	struct buffer buffer = BUFFER_INIT(TEXT_LIMIT);
	struct text text = { .buffer = &buffer };

	print(&text, status);
	json_object_put(status);
	assert_int_equal(text.error, 0);
	assert_int_equal(buffer_append(&buffer, "", 1), 0);
	return buffer.data;
}

static void the_status_is_readable(void **state)
{
	char *text = make(status_text, STATUS);

	(void)state;
	assert_string_equal(
		text,
		"agent     seshatd 0.1.0, pid 512, up 1d 2h 3m 4s (since 2026-11-21T15:30:00.000000000Z), 8192 KiB of memory\n"
		"kernel    6.1.0\"\\\\n\n"
		"config    /etc/seshat/seshat.conf\n"
		"probes    exec exit (tracepoint, attached)\n"
		"          missing: send6 (not\\e[31m)\n"
		"sessions  2 open, 7 opened, 1 refused\n"
		"records   1000 written, 1 undecodable, 2 unmatched\n"
		"ring      4096 of 16384 KiB used (25.0 %)\n"
		"lost      5 (5 sink)\n"
		"sink      file '/var/log/a b': 9 written, 0 refused, 0 waiting (0 bytes)\n"
		"sink      journal: 3 written, 5 refused, 1 waiting (700 bytes)\n"
		"          fails: No such file or directory\n"
		"rights    cap_bpf cap_perfmon\n");
	free(text);
}

static void an_empty_status_is_no_trouble(void **state)
{
	char *text = make(status_text, "{}");

	(void)state;
	assert_non_null(strstr(text, "probes    none"));
	free(text);
	text = make(status_text, "{\"sinks\":7,\"lost\":[],\"probes\":[null,{}],\"memory\":1}");
	free(text);
	text = make(status_metrics, "{\"sinks\":[7,null],\"lost\":[],\"probes_missing\":[1]}");
	free(text);
}

/* What the format demands of a family: its lines together, TYPE first, each once. */
struct families {
	char names[FAMILIES_MAX][NAME_SIZE];
	char type[NAME_SIZE]; /* of the last */
	size_t count;
};

static void begin_family(struct families *families, const char *name, const char *type)
{
	assert_true(families->count < FAMILIES_MAX);
	for (size_t i = 0; i < families->count; i++)
		assert_string_not_equal(families->names[i], name);
	strcpy(families->names[families->count++], name);
	strcpy(families->type, type);
}

static void check_sample(const struct families *families, const char *line)
{
	const char *family = families->names[families->count - 1];
	const char *suffix = strcmp(families->type, "counter") == 0 ? "_total" :
			     strcmp(families->type, "info") == 0    ? "_info" :
								      "";
	char name[NAME_SIZE * 2];
	size_t size = strcspn(line, "{ ");
	const char *value = strrchr(line, ' ');

	(void)snprintf(name, sizeof(name), "%s%s", family, suffix);
	assert_int_equal(size, strlen(name));
	assert_memory_equal(line, name, size);
	assert_non_null(value);
	assert_true(isdigit((unsigned char)value[1]));
}

static void the_metrics_are_openmetrics(void **state)
{
	char *text = make(status_metrics, STATUS), *rest = text, *line;
	struct families families = { .count = 0 };
	char name[NAME_SIZE], word[NAME_SIZE];
	bool ended = false;

	(void)state;
	while ((line = strsep(&rest, "\n")) && (*line || rest)) {
		assert_false(ended);
		if (strcmp(line, "# EOF") == 0)
			ended = true;
		else if (sscanf(line, "# TYPE %127s %127s", name, word) == 2)
			begin_family(&families, name, word);
		else if (sscanf(line, "# HELP %127s %127s", name, word) == 2)
			assert_string_equal(name, families.names[families.count - 1]);
		else if (sscanf(line, "# UNIT %127s %127s", name, word) == 2)
			assert_string_equal(name + strlen(name) - strlen(word), word);
		else
			check_sample(&families, line);
	}
	assert_true(ended);
	assert_int_equal(families.count, 20);
	free(text);
}

static void the_metrics_have_the_numbers(void **state)
{
	static const char *const LINES[] = {
		"seshat_build_info{version=\"0.1.0\",kernel=\"6.1.0\\\"\\\\\\n\",strategy=\"tracepoint\"} 1\n",
		"seshat_start_time_seconds 1795275000\n",
		"seshat_uptime_seconds 93784.005\n",
		"seshat_probes_attached 1\n",
		"seshat_probe_loaded{probe=\"exec\"} 1\n",
		"seshat_probe_loaded{probe=\"send6\"} 0\n",
		"seshat_sessions_open 2\n",
		"seshat_sessions_opened_total 7\n",
		"seshat_records_written_total 1000\n",
		"seshat_records_lost_total{where=\"sink\"} 5\n",
		"seshat_records_lost_total{where=\"ring\"} 0\n",
		"seshat_ring_used_bytes 4194304\n",
		"seshat_memory_resident_bytes 8388608\n",
		"seshat_sink_records_refused_total{sink=\"journal\"} 5\n",
		"seshat_sink_backlog_bytes{sink=\"journal\"} 700\n",
		"seshat_sink_up{sink=\"file\"} 1\n",
		"seshat_sink_up{sink=\"journal\"} 0\n",
	};
	char *text = make(status_metrics, STATUS);

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(LINES); i++)
		if (!strstr(text, LINES[i]))
			fail_msg("%s is not in\n%s", LINES[i], text);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_status_is_readable),
		TEST(an_empty_status_is_no_trouble),
		TEST(the_metrics_are_openmetrics),
		TEST(the_metrics_have_the_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
