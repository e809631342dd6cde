/* SPDX-License-Identifier: Apache-2.0 */
#include "sinks/file.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "sinks/log_file.h"
#include "sinks/rotation.h"
#include "sinks/stream.h"

#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_S  UINT64_C(1000000000)

struct file {
	struct sink sink;
	struct file_config config;
	char *path;	     /* owned; config.path is this */
	struct sink *stream; /* owned: the file that is open */
	int fd;		     /* the stream's */
	uint64_t size;	     /* of the file, with what the stream still keeps */
	uint64_t born;	   /* its first line; CLOCK_BOOTTIME, nanoseconds, which may be before 0 */
	bool mended;	   /* its end has been looked at: a line may follow */
	bool unsynced;	   /* something was taken since the last fdatasync(2) */
	uint64_t sync_at;  /* when that is to be forced to the disk; 0: not flushed yet */
	bool rotate_asked; /* and not done yet */
	uint64_t retry_at; /* no rotation is tried before */
	uint64_t lines;	   /* taken since the last flush */
	uint64_t bytes;
	uint64_t written; /* lines, before those */
	uint64_t refused;
	int error;	 /* of the last write or flush; 0: it went well */
	int renew_error; /* of the last rotation */
};

static struct file *file_of(struct sink *sink)
{
	return (struct file *)sink;
}

/* The file that is open becomes this one. The old one has been flushed, and forced to the disk if wanted. */
static void file_switch(struct file *file, struct sink *stream, const struct log_file *log)
{
	if (file->stream)
		(void)sink_close(file->stream, NULL);
	file->stream = stream;
	file->fd = log->fd;
	file->size = log->size;
	file->mended = false;
	file->born = clock_boottime_ns() - log->age_ns;
	file->unsynced = false;
	file->sync_at = 0;
	file->rotate_asked = false;
	/* Without it a name could be lost with the power; the lines are safe all the same. */
	if (file->config.sync != FILE_SYNC_NONE)
		(void)log_file_sync_name(file->path);
}

/* Goes on with that one, or closes it. */
static int file_adopt(struct file *file, const struct log_file *log)
{
	struct sink *stream;
	int r = stream_new(&stream, log->fd);

	if (r < 0) {
		(void)fd_close(log->fd);
		return r;
	}
	file_switch(file, stream, log);
	return 0;
}

/* Opens what the path names now. */
static int file_reopen(struct file *file)
{
	struct log_file log;
	int r = log_file_open(file->path, &log);

	if (r < 0)
		return r;
	if (log.created)
		(void)log_file_set_group(&log, file->config.group);
	return file_adopt(file, &log);
}

/* The new file is there, and everything that can fail is done, before the first name changes. */
static int file_shift(struct file *file)
{
	char fresh[PATH_MAX];
	struct log_file log;
	struct sink *stream;
	int r;

	rotation_fresh_name(file->path, fresh);
	r = log_file_make(fresh, &log);
	if (r < 0)
		return r;
	(void)log_file_set_group(&log, file->config.group);
	r = stream_new(&stream, log.fd);
	if (r < 0) {
		(void)fd_close(log.fd);
		(void)unlink(fresh);
		return r;
	}
	r = rotation_shift(file->path, file->config.keep);
	if (r < 0) {
		(void)sink_close(stream, NULL);
		(void)unlink(fresh);
		return r;
	}
	file_switch(file, stream, &log);
	return 0;
}

static int file_sync_now(struct file *file)
{
	if (file->config.sync == FILE_SYNC_NONE || !file->unsynced)
		return 0;
	if (fdatasync(file->fd) < 0)
		return -errno;
	file->unsynced = false;
	file->sync_at = 0;
	return 0;
}

static int file_write_out(struct file *file)
{
	int r = sink_flush(file->stream);

	file->error = r;
	if (r < 0)
		return r;
	file->written += file->lines;
	file->lines = 0;
	file->bytes = 0;
	return 0;
}

/*
 * Makes the end of the file fit for a line, if it was not done yet: not when it is opened, as the sink that has been
 * writing to it may take half a line back when it is closed. Nothing was written here so far.
 */
static int file_mend(struct file *file)
{
	int r;

	if (file->mended)
		return 0;
	r = log_file_mend(file->fd, &file->size);
	file->mended = r == 0;
	return r;
}

/* Everything taken goes to the old file, whole, before there is a new one. */
static int file_renew_now(struct file *file)
{
	int r = file_write_out(file);

	if (r == 0)
		r = file_sync_now(file);
	if (r < 0)
		return r;
	if (!log_file_is_at(file->fd, file->path))
		return file_reopen(file);
	(void)file_mend(file); /* half a record would stay in the old one for ever */
	return file->size > 0 ? file_shift(file) : 0;
}

static int file_renew(struct file *file)
{
	int r = file_renew_now(file);

	file->renew_error = r;
	if (r < 0)
		file->retry_at = clock_boottime_ns() + FILE_RETRY_MS * NS_PER_MS;
	return r;
}

/*
 * The line would make the file too large. On failure the log goes on in the old one. Somebody may have truncated it
 * meanwhile: then there is room after all.
 */
static void file_make_room(struct file *file, size_t size)
{
	struct stat status;

	if (clock_boottime_ns() < file->retry_at)
		return;
	if (file_write_out(file) == 0 && fstat(file->fd, &status) == 0)
		file->size = (uint64_t)status.st_size;
	if (file->size > 0 && file->size + size > file->config.max_size)
		(void)file_renew(file);
}

static int file_refuse(struct file *file, int error)
{
	file->refused++;
	file->error = error;
	return error;
}

static int file_write(struct sink *sink, const char *line, size_t size)
{
	struct file *file = file_of(sink);
	int r = file_mend(file);

	if (file->config.max_size && file->size > 0 && file->size + size > file->config.max_size) {
		file_make_room(file, size);
		r = file_mend(file); /* it may be another */
	}
	if (r == 0)
		r = sink_write(file->stream, line, size);
	if (r < 0)
		return file_refuse(file, r);
	if (file->size == 0)
		file->born = clock_boottime_ns();
	file->size += size;
	file->unsynced = true;
	file->lines++;
	file->bytes += size;
	return 0;
}

static int file_sync(struct file *file)
{
	uint64_t now;

	if (file->config.sync != FILE_SYNC_INTERVAL || !file->unsynced)
		return file_sync_now(file);
	now = clock_boottime_ns();
	if (!file->sync_at)
		file->sync_at = now + file->config.sync_interval_ms * NS_PER_MS;
	if (now < file->sync_at)
		return 0;
	file->sync_at = now + file->config.sync_interval_ms * NS_PER_MS; /* should it fail */
	return file_sync_now(file);
}

/* Before that many nanoseconds have passed since its first line. Negative: it is too old. */
static int64_t file_age_left(const struct file *file, uint64_t now)
{
	return (int64_t)(file->config.max_age_s * NS_PER_S) - (int64_t)(now - file->born);
}

static bool file_is_due(const struct file *file, bool wrote)
{
	struct stat status;

	if (file->rotate_asked)
		return true;
	if (file->config.max_age_s && file->size > 0 &&
	    file_age_left(file, clock_boottime_ns()) <= 0)
		return true;
	/* Removed: nobody will ever read it. */
	return wrote && fstat(file->fd, &status) == 0 && status.st_nlink == 0;
}

static int file_flush(struct sink *sink)
{
	struct file *file = file_of(sink);
	bool wrote = file->lines > 0;
	int r = file_write_out(file);

	if (r == 0)
		r = file->error = file_sync(file);
	if (r < 0)
		return r;
	if (file_is_due(file, wrote) && clock_boottime_ns() >= file->retry_at)
		(void)file_renew(file); /* else the log goes on in the old one */
	return file->error;
}

static int file_rotate(struct sink *sink, bool moved)
{
	struct file *file = file_of(sink);
	int r;

	if (moved && log_file_is_at(file->fd, file->path))
		return 0;
	r = file_renew(file);

	file->rotate_asked = r < 0;
	return r;
}

/* The smaller of two that may be -1: never. */
static int file_sooner(int a, int b)
{
	if (a < 0 || b < 0)
		return a < 0 ? b : a;
	return a < b ? a : b;
}

static int file_ms_until(uint64_t now, uint64_t then)
{
	uint64_t ms = (then - now + NS_PER_MS - 1) / NS_PER_MS;

	if ((int64_t)(then - now) <= 0)
		return 0;
	return ms > INT_MAX ? INT_MAX : (int)ms;
}

/* When a rotation is to be tried that no line asks for. */
static int file_renew_due(const struct file *file, uint64_t now)
{
	uint64_t then = now;

	if (!file->rotate_asked) {
		if (!file->config.max_age_s || file->size == 0)
			return -1;
		then = now + (uint64_t)file_age_left(file, now);
	}
	if ((int64_t)(file->retry_at - then) > 0)
		then = file->retry_at;
	return file_ms_until(now, then);
}

static int file_due(const struct sink *sink)
{
	const struct file *file = (const struct file *)sink;
	uint64_t now = clock_boottime_ns();
	int due = file_renew_due(file, now);

	if (file->error)
		due = file_sooner(due, FILE_RETRY_MS);
	if (file->config.sync == FILE_SYNC_INTERVAL && file->sync_at)
		due = file_sooner(due, file_ms_until(now, file->sync_at));
	return due;
}

static void file_status(const struct sink *sink, struct sink_status *ret)
{
	const struct file *file = (const struct file *)sink;

	ret->written = file->written;
	ret->refused = file->refused;
	ret->backlog_lines = file->lines;
	ret->backlog_bytes = file->bytes;
	ret->error = file->error ? file->error : file->renew_error;
}

static void file_free(struct file *file)
{
	if (file)
		free(file->path);
	free(file);
}

static int file_close(struct sink *sink, uint64_t *ret_unwritten)
{
	struct file *file = file_of(sink);
	int first = file_write_out(file), r;

	if (first == 0)
		first = file_sync_now(file);
	r = sink_close(file->stream, ret_unwritten);
	file_free(file);
	return first < 0 ? first : r;
}

static const struct sink_type file_type = {
	.name = "file",
	.write = file_write,
	.flush = file_flush,
	.close = file_close,
	.rotate = file_rotate,
	.due = file_due,
	.status = file_status,
};

/* A file made here must get its group, or nobody can read it who should; and then it is as if it had not been made. */
static int file_open_first(const struct file_config *config, struct log_file *ret)
{
	struct log_file log;
	int r = log_file_open(config->path, &log);

	if (r < 0)
		return r;
	if (log.created)
		r = log_file_set_group(&log, config->group);
	if (r < 0) {
		(void)unlink(config->path);
		(void)fd_close(log.fd);
		return r;
	}
	*ret = log;
	return 0;
}

static int file_begin(struct file *file)
{
	struct log_file log;
	int r = file_open_first(&file->config, &log);

	return r < 0 ? r : file_adopt(file, &log);
}

int file_new(struct sink **ret, const struct file_config *config)
{
	struct file *file;
	int r;

	if (strlen(config->path) + ROTATION_SUFFIX_SIZE > PATH_MAX)
		return -ENAMETOOLONG;
	file = calloc(1, sizeof(*file));
	if (!file)
		return -ENOMEM;
	file->sink.type = &file_type;
	file->sink.name = file_type.name;
	file->config = *config;
	if (config->max_age_s > INT64_MAX / NS_PER_S)
		file->config.max_age_s = 0; /* 292 years */
	file->path = strdup(config->path);
	file->config.path = file->path;
	r = file->path ? file_begin(file) : -ENOMEM;
	if (r < 0) {
		file_free(file);
		return r;
	}
	*ret = &file->sink;
	return 0;
}
