/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The options of all commands, against their completion and their manual page.
 */
#include "command_fixture.h"

#include "cli/ask.h"
#include "cli/check.h"
#include "cli/run.h"
#include "cli/session_command.h"
#include "cli/sessions.h"
#include "cli/show.h"
#include "cli/tail.h"

static const struct {
	const char *name;
	int (*main)(int argc, char **argv);
} COMMANDS[] = {
	{ "run", run_main },	   { "status", status_main }, { "sessions", sessions_main },
	{ "tail", tail_main },	   { "show", show_main },     { "session", session_main },
	{ "rotate", rotate_main }, { "reload", reload_main }, { "check", check_main },
};

/* The long options that a text names, each once, sorted, with blanks between them. */
static void collect_options(const char *text, char *ret, size_t size)
{
	char names[64][32];
	size_t count = 0, used = 0;

	for (const char *at = text; (at = strstr(at, "--"));) {
		size_t length = strspn(at + 2, "abcdefghijklmnopqrstuvwxyz-");
		char name[32];
		size_t i = 0;

		(void)snprintf(name, sizeof(name), "%.*s", (int)length, at + 2);
		at += 2 + length;
		/* Those of argp itself, and dashes between words. */
		if (length == 0 || strcmp(name, "help") == 0 || strcmp(name, "usage") == 0 ||
		    strcmp(name, "version") == 0)
			continue;
		while (i < count && strcmp(names[i], name) != 0)
			i++;
		if (i == count)
			strcpy(names[count++], name);
	}
	qsort(names, count, sizeof(names[0]), (int (*)(const void *, const void *))strcmp);
	ret[0] = '\0';
	for (size_t i = 0; i < count; i++)
		used += (size_t)snprintf(ret + used, size - used, "%s ", names[i]);
}

static void options_of_help(size_t index, char *ret, size_t size)
{
	static char text[TEXT_SIZE];
	struct command command = { COMMANDS[index].main, { COMMANDS[index].name, "--help" } };
	char *table;

	if (child_output(run_command, &command, text, sizeof(text)) != 0)
		fail_msg("%s", text);
	/* Each option has a line that begins with it; the texts behind them may name others. */
	table = calloc(1, TEXT_SIZE);
	assert_non_null(table);
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		char *option = strstr(line, "--");

		if (!option || option - line >= 8)
			continue;
		strncat(table, option, strcspn(option, "= ["));
		strcat(table, " ");
	}
	collect_options(table, ret, size);
	free(table);
}

static char *read_file(const char *path)
{
	char *text = calloc(1, TEXT_SIZE);
	FILE *file = fopen(path, "re");

	assert_non_null(text);
	assert_non_null(file);
	assert_true(fread(text, 1, TEXT_SIZE - 1, file) > 0);
	assert_int_equal(fclose(file), 0);
	return text;
}

/* The text between two others, in a buffer of its own. */
static char *cut_out(const char *text, const char *from, const char *to)
{
	const char *begin = strstr(text, from), *end;

	if (!begin)
		fail_msg("no %s", from);
	begin += strlen(from);
	end = strstr(begin, to);
	assert_non_null(end);
	return strndup(begin, (size_t)(end - begin));
}

static void bash_completes_every_option(void **state)
{
	char *script = read_file("packaging/completion/bash/seshat");

	(void)state;
	assert_int_equal(system("bash -n packaging/completion/bash/seshat"), 0);
	for (size_t i = 0; i < ARRAY_SIZE(COMMANDS); i++) {
		char expected[1024], found[1024], from[64], *part;

		(void)snprintf(from, sizeof(from), "\t%s) echo '", COMMANDS[i].name);
		part = cut_out(script, from, "'");
		collect_options(part, found, sizeof(found));
		options_of_help(i, expected, sizeof(expected));
		assert_string_equal(found, expected);
		free(part);
	}
	free(script);
}

static void zsh_completes_every_option(void **state)
{
	char *script = read_file("packaging/completion/zsh/_seshat");
	char *agent = cut_out(script, "_seshat_agent=(", "\n)");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(COMMANDS); i++) {
		char expected[1024], found[1024], from[64], *part, *both = NULL;

		(void)snprintf(from, sizeof(from), "\n_seshat_%s() {", COMMANDS[i].name);
		part = cut_out(script, from, "\n}");
		assert_true(asprintf(&both, "%s%s", strstr(part, "$_seshat_agent") ? agent : "",
				     part) > 0);
		collect_options(both, found, sizeof(found));
		options_of_help(i, expected, sizeof(expected));
		assert_string_equal(found, expected);
		free(part);
		free(both);
	}
	free(agent);
	free(script);
}

/* As ".Fl -json" or ", Fl -json". */
static void the_manual_has_every_option(void **state)
{
	char *page = read_file("packaging/man/seshat.1");

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(COMMANDS); i++) {
		char options[1024], name[64];

		options_of_help(i, options, sizeof(options));
		for (char *word = strtok(options, " "); word; word = strtok(NULL, " ")) {
			(void)snprintf(name, sizeof(name), "Fl -%s", word);
			if (!strstr(page, name))
				fail_msg("%s: --%s is not in the manual", COMMANDS[i].name, word);
		}
	}
	free(page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(bash_completes_every_option),
		TEST(zsh_completes_every_option),
		TEST(the_manual_has_every_option),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
