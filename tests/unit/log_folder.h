/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of the file sink share: a folder of their own with a log in it, removed afterwards.
 */
#ifndef SESHAT_TESTS_LOG_FOLDER_H
#define SESHAT_TESTS_LOG_FOLDER_H

#include "check.h"
#include "child.h"

#include <dirent.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "sinks/file.h"

enum {
	TEXT_SIZE = 1 << 20, /* above what any of the logs here has */
};

#define CASE(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

static char folder[64], path[96];
static struct file_config config;
static struct sink *sink;
static rlim_t file_limit;

static inline void set_room(rlim_t size)
{
	struct rlimit limit = { .rlim_cur = size, .rlim_max = file_limit };

	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static inline int setup(void **state)
{
	struct rlimit limit;

	(void)state;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	file_limit = limit.rlim_max;
	strcpy(folder, "/tmp/seshat-test-XXXXXX");
	assert_non_null(mkdtemp(folder));
	(void)snprintf(path, sizeof(path), "%s/audit.jsonl", folder);
	config = (struct file_config){ .path = path, .group = (gid_t)-1, .keep = 3 };
	sink = NULL;
	return 0;
}

/* The names in the folder, sorted, separated by blanks; they are removed when wanted. */
static inline void list(char *text, size_t size, bool remove_them)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, NULL, alphasort);

	text[0] = '\0';
	for (int i = 0; i < count; i++) {
		if (entries[i]->d_name[0] != '.') {
			size_t used = strlen(text);
			char name[400];

			(void)snprintf(text + used, size - used, "%s%s", used ? " " : "",
				       entries[i]->d_name);
			(void)snprintf(name, sizeof(name), "%s/%s", folder, entries[i]->d_name);
			if (remove_them)
				(void)remove(name);
		}
		free(entries[i]);
	}
	free(entries);
}

static inline int teardown(void **state)
{
	char text[4000];

	(void)state;
	set_room(file_limit);
	list(text, sizeof(text), true);
	return rmdir(folder);
}

static inline void check_list(const char *expected)
{
	char text[4000];

	list(text, sizeof(text), false);
	assert_string_equal(text, expected);
}

static inline const char *named(const char *suffix)
{
	static char name[128];

	(void)snprintf(name, sizeof(name), "%s%s", path, suffix);
	return name;
}

static inline void check_content(const char *suffix, const char *expected)
{
	_cleanup_free_ char *text = malloc(TEXT_SIZE);

	assert_non_null(text);
	assert_true(fd_read_text(named(suffix), text, TEXT_SIZE) >= 0);
	assert_string_equal(text, expected);
}

static inline void make(const char *suffix, const char *content)
{
	_cleanup_close_ int fd =
		open(named(suffix), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_int_equal(fd_write_all(fd, content, strlen(content)), 0);
}

static inline void begin(void)
{
	assert_int_equal(file_new(&sink, &config), 0);
}

static inline int put(const char *line)
{
	return sink_write(sink, line, strlen(line));
}

static inline struct sink_status status(void)
{
	struct sink_status now;

	sink_status_get(sink, &now);
	return now;
}

static inline void end(int expected, uint64_t expected_unwritten)
{
	uint64_t unwritten = 99;

	assert_int_equal(sink_close(sink, &unwritten), expected);
	assert_int_equal(unwritten, expected_unwritten);
}

static inline void wait_until_due(void)
{
	assert_true(sink_due(sink) >= 0);
	while (sink_due(sink) > 0)
		(void)poll(NULL, 0, sink_due(sink));
}

#endif
