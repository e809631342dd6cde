/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config.h"
#include "config/keys.h"

enum {
	TEXT_SIZE = 8192,
};

struct reports {
	size_t count;
	unsigned int lines[16];
	char text[TEXT_SIZE]; /* "LINE KEY: MESSAGE\n" each */
};

static void take_report(void *userdata, const char *path, unsigned int line, const char *key,
			const char *message)
{
	struct reports *reports = userdata;
	size_t size = strlen(reports->text);

	assert_string_equal(path, "test.conf");
	if (reports->count < ARRAY_SIZE(reports->lines))
		reports->lines[reports->count] = line;
	reports->count++;
	(void)snprintf(reports->text + size, sizeof(reports->text) - size, "%u %s: %s\n", line, key,
		       message);
}

static int read_bytes(struct config *config, struct reports *reports, const char *text, size_t size)
{
	FILE *file = tmpfile();
	int r;

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, size, file), size);
	rewind(file);
	*reports = (struct reports){ 0 };
	r = config_read(config, file, "test.conf", take_report, reports);
	assert_int_equal(fclose(file), 0);
	return r;
}

static int read_text(struct config *config, struct reports *reports, const char *text)
{
	return read_bytes(config, reports, text, strlen(text));
}

/* Exactly these reports, and nothing changed. */
static void check_reports(const char *text, const char *expected)
{
	struct config config = { .agent.ring_size = 12345 };
	struct reports reports;

	assert_int_equal(read_text(&config, &reports, text), -EINVAL);
	assert_string_equal(reports.text, expected);
	assert_int_equal(config.agent.ring_size, 12345);
	assert_null(config.agent.socket);
}

static void no_difference(void *userdata, const char *key, const char *from, const char *to,
			  bool live)
{
	(void)live;
	print_message("%s: %s, %s\n", key, from, to);
	++*(unsigned int *)userdata;
}

static void check_same(const struct config *a, const struct config *b)
{
	unsigned int count = 0;

	assert_int_equal(config_diff(a, b, no_difference, &count), 0);
	assert_int_equal(count, 0);
}

static void an_empty_file_has_the_defaults(void **state)
{
	struct config config, preset;
	struct reports reports;

	(void)state;
	assert_int_equal(read_text(&config, &reports, ""), 0);
	assert_int_equal(reports.count, 0);
	assert_string_equal(config.agent.socket, "/run/seshat/control.sock");
	assert_string_equal(config.agent.state, "/run/seshat");
	assert_string_equal(config.agent.group, "seshat");
	assert_string_equal(config.agent.pin, "/sys/fs/bpf/seshat");
	assert_int_equal(config.agent.ring_size, 16 << 20);
	assert_int_equal(config.agent.strategy, CONFIG_STRATEGY_AUTO);
	assert_int_equal(config.session.cgroup, CONFIG_CGROUP_AUTO);
	assert_true(config.events.privilege && config.events.ptrace && config.events.kernel);
	assert_false(config.events.file);
	assert_true(config.file.enabled);
	assert_string_equal(config.file.path, "/var/log/seshat/audit.jsonl");
	assert_int_equal(config.file.sync, CONFIG_SYNC_NONE);
	assert_int_equal(config.file.sync_interval_ms, 5000);
	assert_int_equal(config.file.max_size, 100 << 20);
	assert_int_equal(config.file.max_age_s, 0);
	assert_int_equal(config.file.keep, 10);
	assert_int_equal(config.file.queue, 16 << 20);
	assert_false(config.journal.enabled);
	assert_string_equal(config.journal.namespace, "");
	assert_int_equal(config.journal.queue, 64 << 20);
	assert_int_equal(config_default(&preset), 0);
	check_same(&config, &preset);
	config_free(&preset);
	config_free(&config);
	config_free(&config);
}

static void every_key_is_taken(void **state)
{
	struct config config;
	struct reports reports;

	(void)state;
	assert_int_equal(
		read_text(
			&config, &reports,
			"\xef\xbb\xbf# comment\n\t; indented comment\r\n\n[agent]\r\n"
			"socket = /tmp/s\nstate=/tmp/state\ngroup: wheel\nring_size=64K\n"
			"strategy=tracepoint ; why\npin =\n"
			"[session] ; sessions\ncgroup=own\n"
			"[events]\nprivilege=no\nptrace=off\nkernel=0\nfile=yes\n"
			"[file]\nenabled=no\npath=/tmp/a b.jsonl\nsync=interval\nsync_interval=1m\n"
			"max_size=0\nmax_age=7d\nkeep=3\nqueue=1M\n"
			"[journal]\nenabled=true\nnamespace=seshat\nqueue=128K"),
		0);
	assert_int_equal(reports.count, 0);
	assert_string_equal(config.agent.socket, "/tmp/s");
	assert_string_equal(config.agent.state, "/tmp/state");
	assert_string_equal(config.agent.group, "wheel");
	assert_string_equal(config.agent.pin, "");
	assert_int_equal(config.agent.ring_size, 64 << 10);
	assert_int_equal(config.agent.strategy, CONFIG_STRATEGY_TRACEPOINT);
	assert_int_equal(config.session.cgroup, CONFIG_CGROUP_OWN);
	assert_false(config.events.privilege || config.events.ptrace || config.events.kernel);
	assert_true(config.events.file);
	assert_false(config.file.enabled);
	assert_string_equal(config.file.path, "/tmp/a b.jsonl");
	assert_int_equal(config.file.sync, CONFIG_SYNC_INTERVAL);
	assert_int_equal(config.file.sync_interval_ms, 60000);
	assert_int_equal(config.file.max_size, 0);
	assert_int_equal(config.file.max_age_s, 7 * 24 * 3600);
	assert_int_equal(config.file.keep, 3);
	assert_int_equal(config.file.queue, 1 << 20);
	assert_true(config.journal.enabled);
	assert_string_equal(config.journal.namespace, "seshat");
	assert_int_equal(config.journal.queue, 128 << 10);
	config_free(&config);
}

static void every_error_is_reported(void **state)
{
	(void)state;
	check_reports(
		"[agent]\nrings = 3\nring_size = 3M\n[fil]\npath = x\n[file]\npath = x\n",
		"2 agent.rings: no such key; [agent] has socket state group ring_size strategy pin\n"
		"3 agent.ring_size: bad value \"3M\"; right is a power of two, from 64K to 1G\n"
		"4 : no such section: [fil]; there are [agent], [session], [file] and [journal]\n"
		"7 file.path: bad value \"x\"; right is the absolute path of a file\n");
}

static void lines_that_are_nothing_are_errors(void **state)
{
	(void)state;
	check_reports(
		"enabled = yes\n[file\n[file] x\n[file]\nenabled\n= yes\n\nkeep = 2\n\tand = 3\nlast",
		"1 enabled: the key stands before the first [SECTION]\n"
		"2 : a section is [NAME], with nothing behind it\n"
		"3 : a section is [NAME], with nothing behind it\n"
		"5 : neither [SECTION] nor KEY = VALUE\n"
		"6 : no key before the \"=\"\n"
		"9 : the line begins with a blank: a value does not go on in the next line\n"
		"10 : neither [SECTION] nor KEY = VALUE\n");
}

static void a_key_is_set_once(void **state)
{
	(void)state;
	check_reports("[file]\nkeep = 2\n[agent]\n[file]\nkeep = 2\n",
		      "5 file.keep: set already in line 2\n");
}

static void a_strategy_that_there_is_not_is_refused(void **state)
{
	(void)state;
	check_reports(
		"[agent]\nstrategy = kprobe\n",
		"2 agent.strategy: bad value \"kprobe\"; right is auto, tracepoint or trampoline\n");
}

static void records_need_somewhere_to_go(void **state)
{
	(void)state;
	check_reports("[file]\nenabled = no\n",
		      "0 : nowhere to write to: file.enabled or journal.enabled has to be yes\n");
}

static void long_lines_are_refused_whole(void **state)
{
	char text[TEXT_SIZE] = "[file]\npath = /";
	struct config config;
	struct reports reports;

	(void)state;
	memset(text + strlen(text), 'x', 179);
	strcat(text, "\n# ");
	memset(text + strlen(text), '#', 5000);
	strcat(text, "\n");
	assert_int_equal(read_text(&config, &reports, text), 0);
	assert_int_equal(strlen(config.file.path), 180);
	config_free(&config);
	text[7] = '\0';
	memset(text + 7, ' ', 300);
	memcpy(text + 7, "path=/y", 7);
	memcpy(text + 307, "keep = 0\nkeep = x\n", 19);
	check_reports(
		text,
		"2 : the line is too long: at most 197 bytes\n"
		"3 file.keep: bad value \"x\"; right is a number of files, up to 10000, or 0 for all\n");
}

static void control_characters_are_refused(void **state)
{
	static const char TEXT[] = "[file]\npath = /a\0b\nkeep\x1b[31m = 2\n# fine \x07\n";
	struct config config;
	struct reports reports;

	(void)state;
	assert_int_equal(read_bytes(&config, &reports, TEXT, sizeof(TEXT) - 1), -EINVAL);
	assert_string_equal(reports.text, "2 : a control character in the line\n"
					  "3 : a control character in the line\n");
}

static void files_have_an_end(void **state)
{
	struct config config;
	struct reports reports;
	char *text = malloc(20001);

	(void)state;
	assert_non_null(text);
	memset(text, '\n', 20000);
	assert_int_equal(read_bytes(&config, &reports, text, 10000), 0);
	config_free(&config);
	assert_int_equal(read_bytes(&config, &reports, text, 10001), -EINVAL);
	assert_string_equal(reports.text, "10001 : the file is too long: at most 10000 lines\n");
	free(text);
}

static void values_outside_their_range_are_refused(void **state)
{
	static const char *const WRONG[][3] = {
		{ "agent", "socket", "control.sock" },
		{ "agent", "socket", "" },
		{ "agent", "socket", "/" },
		{ "agent", "state", "/run/" },
		{ "agent", "group", "a b" },
		{ "agent", "group", "-x" },
		{ "agent", "ring_size", "32K" },
		{ "agent", "ring_size", "2G" },
		{ "agent", "ring_size", "0" },
		{ "agent", "strategy", "AUTO" },
		{ "agent", "pin", "sys" },
		{ "session", "cgroup", "" },
		{ "file", "enabled", "maybe" },
		{ "file", "sync", "always" },
		{ "file", "sync_interval", "0" },
		{ "file", "sync_interval", "5" },
		{ "file", "sync_interval", "2h" },
		{ "file", "max_size", "1K" },
		{ "file", "max_size", "-1" },
		{ "file", "max_age", "10" },
		{ "file", "max_age", "99999d" },
		{ "file", "keep", "10001" },
		{ "file", "keep", "1K" },
		{ "file", "queue", "0" },
		{ "journal", "namespace", "a/b" },
		{ "journal", "namespace", "../x" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(WRONG); i++) {
		char text[256], expected[256];
		const struct config_key *key = config_key_find(WRONG[i][0], WRONG[i][1]);

		assert_non_null(key);
		(void)snprintf(text, sizeof(text), "[%s]\n%s = %s\n", WRONG[i][0], WRONG[i][1],
			       WRONG[i][2]);
		(void)snprintf(expected, sizeof(expected),
			       "2 %s.%s: bad value \"%s\"; right is %s\n", WRONG[i][0], WRONG[i][1],
			       WRONG[i][2], key->right);
		check_reports(text, expected);
	}
}

struct differences {
	char text[TEXT_SIZE];
};

static void take_difference(void *userdata, const char *key, const char *from, const char *to,
			    bool live)
{
	struct differences *differences = userdata;
	size_t size = strlen(differences->text);

	(void)snprintf(differences->text + size, sizeof(differences->text) - size,
		       "%s '%s' '%s' %s\n", key, from, to, live ? "live" : "restart");
}

static void differences_are_named_in_order(void **state)
{
	struct config a, b;
	struct reports reports;
	struct differences differences = { 0 };

	(void)state;
	assert_int_equal(read_text(&a, &reports, ""), 0);
	assert_int_equal(read_text(&b, &reports,
				   "[journal]\nenabled=on\n[file]\nmax_age=36h\nmax_size=100M\n"
				   "[agent]\npin=\nring_size=1M\n[session]\ncgroup=own\n"
				   "[events]\nfile=yes"),
			 0);
	assert_int_equal(config_diff(&a, &b, take_difference, &differences), 0);
	assert_string_equal(differences.text, "agent.ring_size '16M' '1M' restart\n"
					      "agent.pin '/sys/fs/bpf/seshat' '' restart\n"
					      "session.cgroup 'auto' 'own' live\n"
					      "events.file 'no' 'yes' live\n"
					      "file.max_age '0' '36h' live\n"
					      "journal.enabled 'no' 'yes' live\n");
	config_free(&a);
	config_free(&b);
}

static void what_is_written_is_read_back(void **state)
{
	struct config config, again;
	struct reports reports;
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);

	(void)state;
	assert_non_null(file);
	assert_int_equal(
		read_text(&config, &reports,
			  "[agent]\nring_size=1M\n[file]\nmax_age=90s\nkeep=7\nsync=each\n"),
		0);
	assert_int_equal(config_write(&config, file), 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(read_bytes(&again, &reports, text, size), 0);
	check_same(&config, &again);
	config_free(&config);
	config_free(&again);
	free(text);
}

/* The packaged file with its comment signs taken off: it names every key, with its default. */
static void the_packaged_file_shows_the_defaults(void **state)
{
	FILE *packaged = fopen("packaging/seshat.conf", "re"), *bare = tmpfile();
	struct config config, preset;
	struct reports reports = { 0 };
	char line[TEXT_SIZE], name[CONFIG_NAME_SIZE];
	size_t named = 0;

	(void)state;
	assert_non_null(packaged);
	assert_non_null(bare);
	assert_int_equal(config_read(&config, packaged, "test.conf", take_report, &reports), 0);
	assert_int_equal(config_default(&preset), 0);
	check_same(&config, &preset);
	config_free(&config);
	rewind(packaged);
	while (fgets(line, sizeof(line), packaged)) {
		bool key = line[0] == '#' && line[1] != ' ' && line[1] != '\n';

		named += key;
		assert_true(fputs(key ? line + 1 : line, bare) >= 0);
	}
	rewind(bare);
	assert_int_equal(config_read(&config, bare, "test.conf", take_report, &reports), 0);
	assert_string_equal(reports.text, "");
	assert_int_equal(named, CONFIG_KEY_COUNT);
	check_same(&config, &preset);
	config_key_name(&CONFIG_KEYS[0], name);
	assert_string_equal(name, "agent.socket");
	config_free(&config);
	config_free(&preset);
	assert_int_equal(fclose(packaged), 0);
	assert_int_equal(fclose(bare), 0);
}

/* seshat.conf(5) has an ".It Cm key =" line for every key of the table, in its section. */
static void the_manual_has_every_key(void **state)
{
	FILE *page = fopen("packaging/man/seshat.conf.5", "re");
	char line[TEXT_SIZE], section[64] = "", name[64];
	size_t next = 0;

	(void)state;
	assert_non_null(page);
	while (fgets(line, sizeof(line), page)) {
		if (sscanf(line, ".Ss The section \\&[%63[a-z]]", section) == 1)
			continue;
		if (!section[0] || sscanf(line, ".It Cm %63[a-z_] =", name) != 1)
			continue;
		assert_true(next < CONFIG_KEY_COUNT);
		assert_string_equal(section, CONFIG_KEYS[next].section);
		assert_string_equal(name, CONFIG_KEYS[next].name);
		next++;
	}
	assert_int_equal(next, CONFIG_KEY_COUNT);
	assert_int_equal(fclose(page), 0);
}

static void a_missing_file_is_told_from_a_wrong_one(void **state)
{
	struct config config = { 0 };
	struct reports reports = { 0 };

	(void)state;
	assert_int_equal(config_load(&config, "/nonexistent/x.conf", take_report, &reports),
			 -ENOENT);
	assert_int_equal(config_load(&config, "/", take_report, &reports), -EISDIR);
	assert_int_equal(reports.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_empty_file_has_the_defaults),
		TEST(every_key_is_taken),
		TEST(every_error_is_reported),
		TEST(lines_that_are_nothing_are_errors),
		TEST(a_key_is_set_once),
		TEST(a_strategy_that_there_is_not_is_refused),
		TEST(records_need_somewhere_to_go),
		TEST(long_lines_are_refused_whole),
		TEST(control_characters_are_refused),
		TEST(files_have_an_end),
		TEST(values_outside_their_range_are_refused),
		TEST(differences_are_named_in_order),
		TEST(what_is_written_is_read_back),
		TEST(the_packaged_file_shows_the_defaults),
		TEST(the_manual_has_every_key),
		TEST(a_missing_file_is_told_from_a_wrong_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
