/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/pretty_text.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

enum {
	PRINTF_SIZE = 256, /* no single text_printf of the program's own makes more */
	ESCAPE_SIZE = 16,
};

static const char *const color_codes[] = {
	[TEXT_PLAIN] = "\033[0m",  [TEXT_DIM] = "\033[2m",     [TEXT_RED] = "\033[31m",
	[TEXT_GREEN] = "\033[32m", [TEXT_YELLOW] = "\033[33m", [TEXT_BLUE] = "\033[34m",
	[TEXT_CYAN] = "\033[36m",
};
_Static_assert(ARRAY_SIZE(color_codes) == TEXT_COLORS, "a colour has no code");

static void append(struct text *text, const char *data, size_t size)
{
	if (text->error == 0)
		text->error = buffer_append(text->buffer, data, size);
}

void text_printf(struct text *text, const char *format, ...)
{
	char line[PRINTF_SIZE];
	va_list arguments;
	int size;

	va_start(arguments, format);
	size = vsnprintf(line, sizeof(line), format, arguments);
	va_end(arguments);
	if (size > 0)
		append(text, line, (size_t)size < sizeof(line) ? (size_t)size : sizeof(line) - 1);
}

void text_color(struct text *text, enum text_color color)
{
	if (text->color)
		append(text, color_codes[color], strlen(color_codes[color]));
}

/* The code point that data begins with; a byte that is part of none counts as unsafe, of length 1. */
static size_t next_point(const char *data, size_t size, uint32_t *ret_point, bool *ret_safe)
{
	size_t length = utf8_decode(data, size, ret_point);

	if (length == 0) {
		*ret_point = (unsigned char)data[0];
		*ret_safe = false;
		return 1;
	}
	*ret_safe = !utf8_unsafe(*ret_point);
	return length;
}

static void append_escape(struct text *text, uint32_t point)
{
	static const struct {
		char point;
		const char *escape;
	} named[] = { { '\n', "\\n" }, { '\t', "\\t" }, { '\r', "\\r" }, { '\033', "\\e" } };
	char escape[ESCAPE_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(named); i++) {
		if (point == (unsigned char)named[i].point) {
			append(text, named[i].escape, strlen(named[i].escape));
			return;
		}
	}
	(void)snprintf(escape, sizeof(escape), point < 0x80 ? "\\x%02x" : "\\u%04x", point);
	append(text, escape, strlen(escape));
}

void text_bytes(struct text *text, struct bytes bytes)
{
	for (size_t at = 0; at < bytes.size;) {
		uint32_t point;
		bool safe;
		size_t length = next_point(bytes.data + at, bytes.size - at, &point, &safe);

		if (safe)
			append(text, bytes.data + at, length);
		else
			append_escape(text, point);
		at += length;
	}
}

size_t text_width(struct bytes bytes)
{
	char data[ESCAPE_SIZE];
	size_t width = 0;

	for (size_t at = 0; at < bytes.size;) {
		struct buffer buffer = { .data = data,
					 .capacity = sizeof(data),
					 .limit = sizeof(data) };
		struct text escaped = { .buffer = &buffer };
		uint32_t point;
		bool safe;

		at += next_point(bytes.data + at, bytes.size - at, &point, &safe);
		if (!safe)
			append_escape(&escaped, point);
		width += safe ? 1 : buffer.size;
	}
	return width;
}

/* How a word has to be shown. */
enum quoting {
	QUOTE_NONE,
	QUOTE_SINGLE,
	QUOTE_ESCAPES,
};

static enum quoting quoting_of(struct bytes word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "_@%+=:,./-";
	enum quoting quoting = word.size == 0 ? QUOTE_SINGLE : QUOTE_NONE;

	for (size_t at = 0; at < word.size;) {
		uint32_t point;
		bool safe;

		at += next_point(word.data + at, word.size - at, &point, &safe);
		if (!safe)
			return QUOTE_ESCAPES;
		if (point < 0x80 && strchr(plain, (int)point) == NULL)
			quoting = QUOTE_SINGLE;
	}
	return quoting;
}

static void append_single(struct text *text, struct bytes word)
{
	append(text, "'", 1);
	for (size_t at = 0; at < word.size; at++) {
		if (word.data[at] == '\'')
			append(text, "'\\''", 4);
		else
			append(text, word.data + at, 1);
	}
	append(text, "'", 1);
}

static void append_escaped(struct text *text, struct bytes word)
{
	append(text, "$'", 2);
	for (size_t at = 0; at < word.size;) {
		uint32_t point;
		bool safe;
		size_t length = next_point(word.data + at, word.size - at, &point, &safe);

		if (point == '\'' || point == '\\')
			append(text, "\\", 1);
		if (safe)
			append(text, word.data + at, length);
		else
			append_escape(text, point);
		at += length;
	}
	append(text, "'", 1);
}

/* The longest beginning of at most limit bytes that ends with a whole character. */
static size_t cut(struct bytes word, size_t limit)
{
	if (word.size <= limit)
		return word.size;
	while (limit > 0 && ((unsigned char)word.data[limit] & 0xc0) == 0x80)
		limit--;
	return limit;
}

void text_quoted(struct text *text, struct bytes bytes, size_t limit)
{
	struct bytes word = { .data = bytes.data, .size = cut(bytes, limit) };

	switch (quoting_of(word)) {
	case QUOTE_NONE:
		append(text, word.data, word.size);
		break;
	case QUOTE_SINGLE:
		append_single(text, word);
		break;
	case QUOTE_ESCAPES:
		append_escaped(text, word);
		break;
	}
	if (word.size < bytes.size)
		append(text, "...", 3);
}
