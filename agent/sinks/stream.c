/* SPDX-License-Identifier: Apache-2.0 */
#include "sinks/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/fd.h"

enum {
	STREAM_PENDING_SIZE = 134217728, /* the rest of a giant line may be kept */
};

struct stream {
	struct sink sink;
	int fd; /* owned */
	bool regular;
	int broken;	       /* negative errno: nothing can be written any more */
	int refusing;	       /* negative errno: lines are refused until a flush succeeds */
	bool retry;	       /* a flush has failed since the last line: one more try */
	struct buffer pending; /* owned: bytes taken and not yet written */
	uint64_t lines;	       /* that end in pending */
	size_t begun;	       /* bytes of the first of them that are written already */
	off_t end;	       /* where the file ended after those */
};

static struct stream *stream_of(struct sink *sink)
{
	return (struct stream *)sink;
}

/* So many bytes of pending have been written. */
static void stream_wrote(struct stream *stream, size_t size)
{
	const char *last = memrchr(stream->pending.data, '\n', size);

	stream->begun += size;
	if (last)
		stream->begun = size - (size_t)(last + 1 - stream->pending.data);
	for (size_t i = 0; i < size && stream->lines > 0; i++)
		stream->lines -= stream->pending.data[i] == '\n';
	buffer_consume(&stream->pending, size);
	if (stream->begun > 0)
		stream->end = lseek(stream->fd, 0, SEEK_CUR);
}

static int stream_failed(struct stream *stream, int error)
{
	if (error == -EPIPE)
		stream->broken = error;
	stream->retry = true;
	return error;
}

static int stream_flush(struct sink *sink)
{
	struct stream *stream = stream_of(sink);

	if (stream->broken < 0)
		return stream->broken;
	while (stream->pending.size > 0) {
		ssize_t n = fd_write(stream->fd, stream->pending.data, stream->pending.size);

		if (n < 0)
			return stream_failed(stream, (int)n);
		if ((size_t)n == stream->pending.size) { /* nearly always: nothing to look for */
			stream->lines = 0;
			stream->begun = 0;
			stream->pending.size = 0;
			break;
		}
		stream_wrote(stream, (size_t)n);
	}
	buffer_clear(&stream->pending, STREAM_BUFFER_SIZE);
	stream->refusing = 0;
	return 0;
}

/* Takes back the half line at the end of a regular file, unless somebody has written since. */
static bool stream_take_back(struct stream *stream, size_t size)
{
	struct stat status;

	if (!stream->regular || stream->end < (off_t)size)
		return false;
	if (fstat(stream->fd, &status) < 0 || status.st_size != stream->end)
		return false;
	return ftruncate(stream->fd, stream->end - (off_t)size) == 0;
}

/*
 * A large line could be written in part only: it must not stay so, nor be lost once its rest fits
 * again.
 */
static int stream_keep_rest(struct stream *stream, const char *line, size_t size, size_t done,
			    int error)
{
	int r;

	stream->refusing = error;
	if (stream_failed(stream, error) == -EPIPE || done == 0)
		return error;
	stream->end = lseek(stream->fd, 0, SEEK_CUR);
	if (stream_take_back(stream, done))
		return error;
	r = buffer_append(&stream->pending, line + done, size - done);
	if (r < 0) {
		stream->broken = r; /* whatever came next would be glued to half a line */
		return r;
	}
	stream->begun = done;
	stream->lines = 1;
	return 0;
}

/* A line that the buffer cannot hold; nothing is pending. */
static int stream_write_large(struct stream *stream, const char *line, size_t size)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = fd_write(stream->fd, line + done, size - done);

		if (n < 0)
			return stream_keep_rest(stream, line, size, done, (int)n);
		done += (size_t)n;
	}
	return 0;
}

static int stream_write(struct sink *sink, const char *line, size_t size)
{
	struct stream *stream = stream_of(sink);
	int r;

	if (stream->broken < 0)
		return stream->broken;
	/* There may be room again since the last batch, but not since the last line. */
	if (stream->refusing && stream->retry)
		(void)stream_flush(sink); /* which clears what it can */
	stream->retry = false;
	if (stream->refusing)
		return stream->refusing;
	if (stream->pending.size + size > STREAM_BUFFER_SIZE) {
		r = stream_flush(sink);
		if (r < 0 && stream->pending.size + size > STREAM_BUFFER_SIZE) {
			stream->refusing = r;
			return r;
		}
		if (stream->pending.size + size > STREAM_BUFFER_SIZE)
			return stream_write_large(stream, line, size);
	}
	r = buffer_append(&stream->pending, line, size);
	if (r < 0)
		return r;
	stream->lines++;
	return 0;
}

static int stream_close(struct sink *sink, uint64_t *ret_unwritten)
{
	struct stream *stream = stream_of(sink);
	int r = stream_flush(sink);

	if (stream->pending.size > 0 && stream->begun > 0)
		(void)stream_take_back(stream, stream->begun); /* r tells what failed */
	*ret_unwritten = stream->lines;
	/* Network file systems and quotas may refuse only now what they took before. */
	if (close(stream->fd) < 0 && r == 0)
		r = -errno;
	buffer_free(&stream->pending);
	free(stream);
	return r;
}

static const struct sink_type stream_type = {
	.name = "stream",
	.write = stream_write,
	.flush = stream_flush,
	.close = stream_close,
};

int stream_new(struct sink **ret, int fd)
{
	struct stat status;
	struct stream *stream;

	if (fstat(fd, &status) < 0)
		return -errno;
	stream = calloc(1, sizeof(*stream));
	if (!stream)
		return -ENOMEM;
	stream->sink.type = &stream_type;
	stream->sink.name = stream_type.name;
	stream->fd = fd;
	stream->regular = S_ISREG(status.st_mode);
	stream->pending = BUFFER_INIT(STREAM_PENDING_SIZE);
	*ret = &stream->sink;
	return 0;
}
