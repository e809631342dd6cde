/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/log_reader.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum {
	CHUNK = 256 * 1024, /* bytes of one read */
	KEEP = 4 * CHUNK,   /* a buffer larger than this is given back */
};

void log_reader_begin(struct log_reader *reader, int fd)
{
	log_reader_finish(reader);
	reader->buffer.limit = LOG_LINE_MAX + CHUNK;
	reader->fd = fd;
}

/* Drops what was given out. */
static void reader_consume(struct log_reader *reader)
{
	buffer_consume(&reader->buffer, reader->given);
	reader->given = 0;
	if (reader->buffer.size == 0)
		buffer_clear(&reader->buffer, KEEP);
}

/* A line that will never fit: all of it but its end is thrown away. */
static void reader_skip(struct log_reader *reader)
{
	reader->skipping = true;
	reader->searched = 0;
	buffer_clear(&reader->buffer, KEEP);
}

/* Returns the bytes read, 0 at the end, or negative errno. */
static ssize_t reader_fill(struct log_reader *reader)
{
	ssize_t n;
	int r;

	reader_consume(reader);
	if (reader->buffer.size > LOG_LINE_MAX)
		reader_skip(reader);
	r = buffer_reserve(&reader->buffer, CHUNK);
	if (r < 0)
		return r;
	do
		n = read(reader->fd, reader->buffer.data + reader->buffer.size, CHUNK);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	reader->buffer.size += (size_t)n;
	return n;
}

/* The length of the line that begins behind what was given out, with its end; 0: its end is not there. */
static size_t reader_line(struct log_reader *reader)
{
	const char *start = reader->buffer.data + reader->given;
	size_t size = reader->buffer.size - reader->given;
	const char *end;

	if (size == reader->searched)
		return 0;
	end = memchr(start + reader->searched, '\n', size - reader->searched);
	reader->searched = end ? 0 : size;
	return end ? (size_t)(end - start) + 1 : 0;
}

int log_reader_next(struct log_reader *reader, const char **ret, size_t *ret_size)
{
	for (;;) {
		size_t size = reader_line(reader), given = reader->given;
		ssize_t n;

		if (size == 0) {
			n = reader_fill(reader);
			if (n <= 0)
				return (int)n;
			continue;
		}
		reader->given += size;
		if (reader->skipping || size > LOG_LINE_MAX) {
			reader->skipping = false;
			reader->broken++;
			continue;
		}
		*ret = reader->buffer.data + given;
		*ret_size = size;
		return 1;
	}
}

void log_reader_finish(struct log_reader *reader)
{
	if (reader->skipping || reader->buffer.size > reader->given)
		reader->broken++;
	reader->skipping = false;
	reader->given = 0;
	reader->searched = 0;
	buffer_clear(&reader->buffer, KEEP);
}

void log_reader_free(struct log_reader *reader)
{
	buffer_free(&reader->buffer);
}
