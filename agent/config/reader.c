/* SPDX-License-Identifier: Apache-2.0 */
#include "config/reader.h"

#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "config/keys.h"

enum {
	MESSAGE_SIZE = 512,
};

struct reader {
	struct config *config;
	FILE *file;
	const char *path;
	config_report report;
	void *userdata;
	unsigned int line;		    /* the last that inih got, from 1 */
	unsigned int lines[CONFIG_KEY_MAX]; /* where a key was set; 0: not yet */
	bool due;     /* that line has to be KEY = VALUE: inih says so by calling back */
	bool foreign; /* in a section that there is not: told already */
	bool wrong;   /* something has been reported */
	int error;    /* negative errno, of reading or of memory */
};

__attribute__((format(printf, 3, 4))) static void
reader_report(struct reader *reader, const char *key, const char *format, ...)
{
	char message[MESSAGE_SIZE];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(message, sizeof(message), format, arguments);
	va_end(arguments);
	reader->wrong = true;
	reader->report(reader->userdata, reader->path, reader->line, key, message);
}

static void reader_check_due(struct reader *reader)
{
	if (reader->due)
		reader_report(reader, "", "neither [SECTION] nor KEY = VALUE");
	reader->due = false;
}

static bool blank(char character)
{
	return character == ' ' || character == '\t' || character == '\r';
}

static bool comment(char character)
{
	return character == '#' || character == ';';
}

/* What kind of line this is, and what is wrong with it as a whole. Returns false when inih shall not see it. */
static bool reader_judge(struct reader *reader, const char *line, bool long_, bool control)
{
	const char *start = line;

	while (blank(*start))
		start++;
	if (!*start || comment(*start))
		return false;
	if (control)
		reader_report(reader, "", "a control character in the line");
	else if (long_)
		reader_report(reader, "", "the line is too long: at most %d bytes",
			      CONFIG_LINE_MAX);
	else if (start != line)
		reader_report(
			reader, "",
			"the line begins with a blank: a value does not go on in the next line");
	else
		return true;
	return false;
}

static void reader_section(struct reader *reader, char *line)
{
	char *end = strchr(line, ']');
	char *rest = end ? end + 1 : NULL;

	while (rest && blank(*rest))
		rest++;
	reader->foreign = true; /* what follows belongs to nothing that is known */
	if (!rest || (*rest && !comment(*rest))) {
		reader_report(reader, "", "a section is [NAME], with nothing behind it");
		return;
	}
	*end = '\0';
	reader->foreign = !config_section_known(line + 1);
	if (reader->foreign)
		reader_report(
			reader, "",
			"no such section: [%s]; there are [agent], [session], [file] and [journal]",
			line + 1);
	*end = ']';
}

/* One line without its end: at most size - 1 bytes of it in text, the rest is skipped. Returns false at the end of the file. */
static bool reader_line(struct reader *reader, char *text, size_t size, bool *ret_long,
			bool *ret_control)
{
	size_t length = 0;
	int character = getc(reader->file);

	if (character == EOF)
		return false;
	for (; character != EOF && character != '\n'; character = getc(reader->file)) {
		if (length == size - 1) {
			*ret_long = true;
			continue;
		}
		if ((character < ' ' && !blank((char)character)) || character == '\x7f')
			*ret_control = true;
		/* A NUL would end the text: it is reported, and as visible as another control character. */
		text[length++] = character ? (char)character : '\x01';
	}
	text[length] = '\0';
	return true;
}

static void skip_bom(char *line)
{
	static const char BOM[] = "\xef\xbb\xbf";

	if (strncmp(line, BOM, strlen(BOM)) == 0)
		memmove(line, line + strlen(BOM), strlen(line + strlen(BOM)) + 1);
}

/* As fgets(3), for inih: line has room for size bytes. What inih must not see becomes an empty line, so that it counts on. */
static char *reader_next(char *line, int size, void *userdata)
{
	struct reader *reader = userdata;
	bool long_ = false, control = false;
	size_t room = (size_t)size < CONFIG_LINE_MAX + 1 ? (size_t)size : CONFIG_LINE_MAX + 1;

	reader_check_due(reader);
	if (reader->error < 0 || !reader_line(reader, line, room, &long_, &control)) {
		if (ferror(reader->file))
			reader->error = errno ? -errno : -EIO;
		return NULL;
	}
	reader->line++;
	if (reader->line > CONFIG_LINES_MAX) {
		reader_report(reader, "", "the file is too long: at most %d lines",
			      CONFIG_LINES_MAX);
		return NULL;
	}
	if (reader->line == 1)
		skip_bom(line);
	if (!reader_judge(reader, line, long_, control))
		line[0] = '\0';
	if (line[0] == '[')
		reader_section(reader, line);
	reader->due = line[0] && line[0] != '[';
	return line;
}

static void reader_unknown(struct reader *reader, const char *section, const char *name)
{
	char message[MESSAGE_SIZE] = "";
	size_t size = 0;

	for (size_t i = 0; i < CONFIG_KEY_COUNT; i++)
		if (strcmp(CONFIG_KEYS[i].section, section) == 0)
			size += (size_t)snprintf(message + size, sizeof(message) - size, " %s",
						 CONFIG_KEYS[i].name);
	reader_report(reader, name, "no such key; [%s] has%s", section, message);
}

static void reader_set(struct reader *reader, const struct config_key *key, const char *value)
{
	unsigned int *line = &reader->lines[key - CONFIG_KEYS];
	char name[CONFIG_NAME_SIZE];
	int r;

	config_key_name(key, name);
	if (*line > 0) {
		reader_report(reader, name, "set already in line %u", *line);
		return;
	}
	*line = reader->line;
	r = config_key_set(key, reader->config, value);
	if (r == -EINVAL)
		reader_report(reader, name, "bad value \"%s\"; right is %s", value, key->right);
	else if (r < 0)
		reader->error = r;
}

static int reader_handle(void *userdata, const char *section, const char *name, const char *value)
{
	struct reader *reader = userdata;
	const struct config_key *key = config_key_find(section, name);
	char full[2 * CONFIG_LINE_MAX];

	reader->due = false;
	if (reader->foreign)
		return 1;
	if (key) {
		reader_set(reader, key, value);
		return 1;
	}
	(void)snprintf(full, sizeof(full), "%s%s%s", section, section[0] ? "." : "", name);
	if (!name[0])
		reader_report(reader, "", "no key before the \"=\"");
	else if (config_section_known(section))
		reader_unknown(reader, section, full);
	else
		reader_report(reader, full, "the key stands before the first [SECTION]");
	return 1;
}

static void reader_check_whole(struct reader *reader)
{
	reader->line = 0;
	if (!reader->config->file.enabled && !reader->config->journal.enabled)
		reader_report(reader, "",
			      "nowhere to write to: file.enabled or journal.enabled has to be yes");
}

int config_reader_run(struct config *config, FILE *file, const char *path, config_report report,
		      void *userdata)
{
	struct reader reader = {
		.config = config,
		.file = file,
		.path = path,
		.report = report,
		.userdata = userdata,
	};

	/* Its result is the line of an error that has been reported. */
	(void)ini_parse_stream(reader_next, &reader, reader_handle, &reader);
	if (reader.error < 0)
		return reader.error;
	reader_check_whole(&reader);
	return reader.wrong ? -EINVAL : 0;
}
