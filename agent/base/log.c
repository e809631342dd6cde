/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/utf8.h"

enum {
	LOG_TEXT_SIZE = 1500,
	LOG_LINE_SIZE = 4 * LOG_TEXT_SIZE + 1, /* every byte as \xNN, and a newline */
};

/* The only process-wide state: whose messages these are, and where they go. */
static const char *log_program;
static bool log_syslog;
static bool log_hasty;
static unsigned int log_omitted; /* messages, since the last one that was written */

void log_set_program(const char *name)
{
	log_program = name;
}

void log_set_syslog(void)
{
	openlog(log_program, LOG_PID, LOG_DAEMON);
	log_syslog = true;
}

void log_set_hasty(void)
{
	log_hasty = true;
}

/* Can it be written now? Says how many could not, first. */
static bool log_ready(void)
{
	struct pollfd out = { .fd = STDERR_FILENO, .events = POLLOUT };
	char text[80];
	int size;

	if (!log_hasty)
		return true;
	if (poll(&out, 1, 0) != 1 || !(out.revents & POLLOUT)) {
		log_omitted++;
		return false;
	}
	if (log_omitted == 0)
		return true;
	size = snprintf(text, sizeof(text), "%s: %u messages were left out\n",
			log_program ? log_program : program_invocation_short_name, log_omitted);
	log_omitted = 0;
	if (size > 0 && (size_t)size < sizeof(text))
		(void)fd_write_all(STDERR_FILENO, text, (size_t)size);
	return true;
}

/*
 * Copies text with everything unsafe as \xNN; line has room for four times the text. Returns the
 * bytes.
 */
static size_t log_escape(const char *text, size_t size, char *line)
{
	static const char digits[] = "0123456789abcdef";
	size_t used = 0;

	for (size_t i = 0, length; i < size; i += length) {
		uint32_t point;

		length = utf8_decode(text + i, size - i, &point);
		if (length > 0 && !utf8_unsafe(point)) {
			memcpy(line + used, text + i, length);
			used += length;
			continue;
		}
		if (length == 0)
			length = 1;
		for (size_t k = i; k < i + length; k++) {
			line[used++] = '\\';
			line[used++] = 'x';
			line[used++] = digits[(unsigned char)text[k] >> 4];
			line[used++] = digits[(unsigned char)text[k] & 15];
		}
	}
	return used;
}

static void __attribute__((format(printf, 3, 0)))
log_write(int priority, const char *level, const char *format, va_list arguments)
{
	char text[LOG_TEXT_SIZE + 1], line[LOG_LINE_SIZE];
	int saved = errno, prefix, body;
	size_t size;

	prefix = snprintf(text, sizeof(text), "%s: %s",
			  log_program ? log_program : program_invocation_short_name, level);
	if (prefix < 0 || prefix > LOG_TEXT_SIZE)
		prefix = 0;
	errno = saved; /* for %m */
	body = vsnprintf(text + prefix, sizeof(text) - (size_t)prefix, format, arguments);
	if (body < 0)
		body = 0;
	size = (size_t)prefix + (size_t)body;
	if (size > LOG_TEXT_SIZE)
		size = LOG_TEXT_SIZE;
	size = log_escape(text, size, line);
	if (log_syslog) {
		syslog(priority, "%.*s", (int)size, line);
		errno = saved;
		return;
	}
	line[size++] = '\n';
	if (!log_ready()) {
		errno = saved;
		return;
	}
	/* There is nowhere to tell that telling failed. */
	(void)fd_write_all(STDERR_FILENO, line, size);
	errno = saved;
}

void log_error(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_write(LOG_ERR, "", format, arguments);
	va_end(arguments);
}

void log_warning(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	log_write(LOG_WARNING, "warning: ", format, arguments);
	va_end(arguments);
}
