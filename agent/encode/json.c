/* SPDX-License-Identifier: Apache-2.0 */
#include "encode/json.h"

#include <errno.h>
#include <string.h>

#include "base/utf8.h"
#include "base/base64.h"

enum {
	JSON_NUMBER_SIZE = 24,	/* more than the digits of any 64-bit number, in octal too */
	JSON_CHUNK_SIZE = 4096, /* bytes of a string that room is made for at once */
	JSON_ESCAPE_SIZE = 6,	/* the longest escape of one byte: \u0000 */
	JSON_SLACK = 32, /* a sequence that reaches over the end of a chunk; copies of 8 bytes */
};

#define EACH_BYTE(value) ((value)*UINT64_C(0x0101010101010101))

void json_init(struct json *json, size_t limit)
{
	*json = (struct json){ .raw = BUFFER_INIT(limit) };
}

void json_free(struct json *json)
{
	buffer_free(&json->raw);
}

/* Makes room, and remembers that there was none. Returns where to write, or NULL. */
static char *json_room(struct json *json, struct buffer *buffer, size_t room)
{
	int r;

	if (json->error < 0)
		return NULL;
	r = buffer_reserve(buffer, room);
	if (r < 0) {
		json->error = r;
		return NULL;
	}
	return buffer->data + buffer->size;
}

static void json_wrote(struct buffer *buffer, const char *end)
{
	buffer->size = (size_t)(end - buffer->data);
}

static char *json_copy(char *at, const char *data, size_t size)
{
	memcpy(at, data, size);
	return at + size;
}

/*
 * Writes the comma and the key, and makes room for so many bytes of the value. Returns where, or
 * NULL.
 */
static char *json_member(struct json *json, struct bytes key, size_t room)
{
	char *at = json_room(json, json->out, key.size + room + 4);

	if (!at)
		return NULL;
	if (at[-1] != '{' && at[-1] != '[') /* json_begin has written the first byte */
		*at++ = ',';
	if (!key.data) {
		json->frames[json->depth - 1].elements++;
		return at;
	}
	*at++ = '"';
	at = json_copy(at, key.data, key.size);
	*at++ = '"';
	*at++ = ':';
	return at;
}

static char *json_digits(char *at, uint64_t value, unsigned int base)
{
	char digits[JSON_NUMBER_SIZE];
	size_t first = sizeof(digits);

	do {
		digits[--first] = (char)('0' + value % base);
		value /= base;
	} while (value > 0);
	return json_copy(at, digits + first, sizeof(digits) - first);
}

void json_begin(struct json *json, struct buffer *out)
{
	char *at;

	json->out = out;
	json->raw.size = 0;
	json->places.count = 0;
	json->error = 0;
	json->depth = 1;
	at = json_room(json, out, 1);
	if (!at)
		return;
	*at++ = '{';
	json_wrote(out, at);
}

int json_end(struct json *json)
{
	char *at;

	places_write(json);
	at = json_room(json, json->out, json->raw.size + 16);
	if (!at)
		return json->error;
	if (json->raw.size > 0) {
		at = json_copy(at, ",\"raw\":{", 8);
		at = json_copy(at, json->raw.data, json->raw.size);
		*at++ = '}';
	}
	*at++ = '}';
	json_wrote(json->out, at);
	return 0;
}

void json_members(struct json *json, struct bytes members, struct bytes raw)
{
	char *at = json_room(json, json->out, members.size + 1);

	if (!at || members.size == 0)
		return;
	if (at[-1] != '{')
		*at++ = ',';
	json_wrote(json->out, json_copy(at, members.data, members.size));

	if (raw.size == 0)
		return;
	at = json_room(json, &json->raw, raw.size + 1);
	if (!at)
		return;
	if (json->raw.size > 0)
		*at++ = ',';
	json_wrote(&json->raw, json_copy(at, raw.data, raw.size));
}

/* Writes "/key" or "/index". */
static char *json_pointer(char *at, struct bytes key, uint64_t index)
{
	*at++ = '/';
	if (!key.data)
		return json_digits(at, index, 10);
	for (size_t i = 0; i < key.size; i++) {
		if (key.data[i] == '~' || key.data[i] == '/') {
			*at++ = '~';
			*at++ = key.data[i] == '~' ? '0' : '1';
		} else {
			*at++ = key.data[i];
		}
	}
	return at;
}

/* Remembers the exact bytes of a string that has just been written. */
static void json_keep_raw(struct json *json, struct bytes key, struct bytes value)
{
	size_t room = 8 + base64_size(value.size);
	char *at;

	for (size_t i = 1; i < json->depth; i++)
		room += 2 * json->frames[i].key.size + JSON_NUMBER_SIZE;
	at = json_room(json, &json->raw, room + 2 * key.size + JSON_NUMBER_SIZE);
	if (!at)
		return;
	if (json->raw.size > 0)
		*at++ = ',';
	*at++ = '"';
	for (size_t i = 1; i < json->depth; i++)
		at = json_pointer(at, json->frames[i].key, json->frames[i].index);
	at = json_pointer(at, key, json->frames[json->depth - 1].elements - 1);
	at = json_copy(at, "\":\"", 3);
	at = base64_encode(at, value);
	*at++ = '"';
	json_wrote(&json->raw, at);
}

static bool json_is_plain(unsigned char byte)
{
	return byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';
}

/*
 * The bytes of word that are zero have their highest bit set; bytes above such a one may have, too.
 */
static uint64_t json_zeros(uint64_t word)
{
	return (word - EACH_BYTE(1)) & ~word;
}

/* Are all eight bytes plain? (Never yes wrongly.) */
static bool json_is_plain_word(uint64_t word)
{
	uint64_t below_space = (word - EACH_BYTE(0x20)) & ~word;
	uint64_t quote = json_zeros(word ^ EACH_BYTE('"'));
	uint64_t backslash = json_zeros(word ^ EACH_BYTE('\\'));
	uint64_t delete = json_zeros(word ^ EACH_BYTE(0x7f));

	return ((word | below_space | quote | backslash | delete) & EACH_BYTE(0x80)) == 0;
}

static char *json_escape(char *at, uint32_t point)
{
	static const char digits[] = "0123456789abcdef";

	*at++ = '\\';
	if (point == '"' || point == '\\') {
		*at++ = (char)point;
		return at;
	}
	*at++ = 'u';
	for (int shift = 12; shift >= 0; shift -= 4)
		*at++ = digits[point >> shift & 15];
	return at;
}

/* Writes the character that text begins with, which is not plain. Returns its length in text. */
static size_t json_special(char **at, const char *text, size_t size, bool *bad)
{
	uint32_t point;
	size_t length = utf8_decode(text, size, &point);

	if (length == 0) {
		*at = json_copy(*at, "\xef\xbf\xbd", 3); /* U+FFFD */
		*bad = true;
		return 1;
	}
	if (point == '"' || point == '\\' || utf8_unsafe(point))
		*at = json_escape(*at, point);
	else
		*at = json_copy(*at, text, length);
	return length;
}

/*
 * Writes the characters that begin in the first chunk bytes of text. Returns how many bytes that
 * were: a sequence may reach beyond the chunk.
 */
static size_t json_chunk(char **at, const char *text, size_t size, size_t chunk, bool *bad)
{
	char *to = *at;
	size_t i = 0;

	while (i < chunk) {
		uint64_t word;

		while (i + sizeof(word) <= chunk) {
			memcpy(&word, text + i, sizeof(word));
			if (!json_is_plain_word(word))
				break;
			memcpy(to, &word, sizeof(word));
			to += sizeof(word);
			i += sizeof(word);
		}
		while (i < chunk && json_is_plain((unsigned char)text[i]))
			*to++ = text[i++];
		while (i < chunk && !json_is_plain((unsigned char)text[i]))
			i += json_special(&to, text + i, size - i, bad);
	}
	*at = to;
	return i;
}

void json_put_string(struct json *json, struct bytes key, struct bytes value)
{
	bool bad = false;
	char *at = json_member(json, key, 1);

	if (!at)
		return;
	*at++ = '"';
	json_wrote(json->out, at);
	for (size_t done = 0; done < value.size;) {
		size_t rest = value.size - done;
		size_t chunk = rest < JSON_CHUNK_SIZE ? rest : JSON_CHUNK_SIZE;

		at = json_room(json, json->out, chunk * JSON_ESCAPE_SIZE + JSON_SLACK);
		if (!at)
			return;
		done += json_chunk(&at, value.data + done, rest, chunk, &bad);
		json_wrote(json->out, at);
	}
	at = json_room(json, json->out, 1);
	if (!at)
		return;
	*at++ = '"';
	json_wrote(json->out, at);
	if (bad)
		json_keep_raw(json, key, value);
}

void json_put_plain(struct json *json, struct bytes key, struct bytes value)
{
	char *at = json_member(json, key, value.size + 2);

	if (!at)
		return;
	*at++ = '"';
	at = json_copy(at, value.data, value.size);
	*at++ = '"';
	json_wrote(json->out, at);
}

void json_put_uint(struct json *json, struct bytes key, uint64_t value)
{
	char *at = json_member(json, key, JSON_NUMBER_SIZE);

	if (at)
		json_wrote(json->out, json_digits(at, value, 10));
}

void json_put_int(struct json *json, struct bytes key, int64_t value)
{
	char *at = json_member(json, key, JSON_NUMBER_SIZE);

	if (!at)
		return;
	if (value < 0)
		*at++ = '-';
	json_wrote(json->out, json_digits(at, value < 0 ? -(uint64_t)value : (uint64_t)value, 10));
}

void json_put_octal(struct json *json, struct bytes key, uint32_t value)
{
	char *at = json_member(json, key, JSON_NUMBER_SIZE);

	if (!at)
		return;
	*at++ = '"';
	*at++ = '0';
	if (value < 0100)
		*at++ = '0';
	if (value < 010)
		*at++ = '0';
	at = json_digits(at, value, 8);
	*at++ = '"';
	json_wrote(json->out, at);
}

void json_boolean(struct json *json, const char *key, bool value)
{
	struct bytes word = bytes_of(value ? "true" : "false");
	char *at = json_member(json, bytes_of(key), word.size);

	if (at)
		json_wrote(json->out, json_copy(at, word.data, word.size));
}

void json_put_open(struct json *json, struct bytes key, char bracket)
{
	struct json_frame *parent = &json->frames[json->depth - 1];
	char *at;

	if (json->depth == JSON_DEPTH) {
		json->error = -EMSGSIZE;
		return;
	}
	at = json_member(json, key, 1);
	if (!at)
		return;
	*at++ = bracket;
	json_wrote(json->out, at);
	json->frames[json->depth++] = (struct json_frame){
		.key = key,
		.index = key.data ? 0 : parent->elements - 1,
	};
}

static void json_close(struct json *json, char bracket)
{
	char *at = json_room(json, json->out, 1);

	if (!at)
		return;
	*at++ = bracket;
	json_wrote(json->out, at);
	json->depth--;
}

void json_array_end(struct json *json)
{
	json_close(json, ']');
}

void json_object_end(struct json *json)
{
	json_close(json, '}');
}
