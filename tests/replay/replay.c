/* SPDX-License-Identifier: Apache-2.0 */
/*
 * replay FILE: runs recorded ring records through the pipeline and writes the lines to standard
 * output.
 *
 * FILE holds kernel records (bpf/wire.h), one behind the other. Everything that a record does not
 * say itself is fixed (host, sid, clock) and nothing is asked of the system, so the same FILE gives
 * the same lines on every machine. A session begins with its first record and ends with the file;
 * numbers that are not in it are lost.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/uuid.h"
#include "pipeline/pipeline.h"
#include "sinks/stream.h"

enum {
	SESSIONS = 16,
	FILE_LIMIT = 67108864, /* bytes */
	FLUSH_EVERY = 100,     /* records, as if the ring had been empty then */
};

struct replayed {
	uint64_t key;
	uint64_t highest; /* number */
	uint64_t latest;  /* time */
};

struct replay {
	struct pipeline *pipeline; /* owned */
	struct replayed sessions[SESSIONS];
	size_t count;
	uint64_t now;
};

static int64_t fixed_offset(void *userdata)
{
	(void)userdata;
	return INT64_C(1795275000000000000); /* 2026-11-21T15:30:00Z */
}

static uint64_t recorded_now(void *userdata)
{
	return ((struct replay *)userdata)->now;
}

static int no_exe(uint32_t pid, char *buf, size_t size, void *userdata)
{
	(void)pid;
	(void)buf;
	(void)size;
	(void)userdata;
	return -ENOENT;
}

static int start_session(struct replay *replay, const struct wire_header *header)
{
	static const char *const probes[] = { "replay" };
	struct replayed *session = &replay->sessions[replay->count];
	struct session_start start = {
		.key = header->session,
		.time = header->time,
		.login = "alice",
		.user = "alice@example.org",
		.service = "seshat-run",
		.version = "0.0.0",
		.leader_pid = header->task.pid,
		.cgroup_path = "/seshat/replay",
		.audit_session_id = header->task.audit_session,
		.strategy = "tracepoint",
		.kernel = "replay",
		.probes = { .attached = probes, .attached_count = ARRAY_SIZE(probes) },
	};
	char sid[UUID_SIZE];

	if (replay->count == SESSIONS)
		return -E2BIG;
	snprintf(sid, sizeof(sid), "00000000-0000-4000-8000-%012zu", replay->count + 1);
	start.sid = sid;
	*session = (struct replayed){ .key = header->session };
	replay->count++;
	return pipeline_session_start(replay->pipeline, &start);
}

/* Begins the session of a record that is the first of it, and keeps the sums up. */
static int note_record(struct replay *replay, const struct wire_header *header)
{
	struct replayed *session = replay->sessions;
	int r = 0;

	while (session < replay->sessions + replay->count && session->key != header->session)
		session++;
	if (session == replay->sessions + replay->count)
		r = start_session(replay, header);
	if (r < 0)
		return r;
	if (header->number > session->highest)
		session->highest = header->number;
	if (header->time > session->latest)
		session->latest = header->time;
	replay->now = header->time;
	return 0;
}

static int feed_all(struct replay *replay, const char *data, size_t size)
{
	size_t records = 0;

	for (size_t at = 0; at < size;) {
		struct wire_header header;
		int r;

		if (size - at < sizeof(header))
			return -EBADMSG;
		memcpy(&header, data + at, sizeof(header));
		if (header.size < sizeof(header) || header.size % 8 != 0 || header.size > size - at)
			return -EBADMSG;
		r = note_record(replay, &header);
		if (r == 0)
			r = pipeline_feed(replay->pipeline, data + at, header.size);
		if (r == 0 && ++records % FLUSH_EVERY == 0)
			r = pipeline_flush(replay->pipeline);
		if (r < 0)
			return r;
		at += header.size;
	}
	return 0;
}

static int end_all(struct replay *replay)
{
	int r = pipeline_flush(replay->pipeline);

	for (size_t i = 0; i < replay->count && r == 0; i++) {
		struct session_end end = {
			.time = replay->sessions[i].latest,
			.losses = { .numbered = replay->sessions[i].highest },
		};

		r = pipeline_session_end(replay->pipeline, replay->sessions[i].key, &end);
	}
	return r < 0 ? r : pipeline_close(replay->pipeline);
}

static int create_pipeline(struct replay *replay)
{
	const struct pipeline_config config = {
		.host = { .name = "replay", .id = "00000000000000000000000000000001" },
		.clock_offset = fixed_offset,
		.now = recorded_now,
		.exe_path = no_exe,
		.userdata = replay,
	};
	struct sink *sink;
	int r;

	r = pipeline_new(&replay->pipeline, &config);
	if (r < 0)
		return r;
	r = stream_new(&sink, dup(STDOUT_FILENO));
	if (r < 0)
		return r;
	r = pipeline_add_sink(replay->pipeline, sink);
	if (r < 0)
		sink_close(sink, NULL);
	return r < 0 ? r : 0;
}

static int replay_file(const char *name)
{
	_cleanup_close_ int fd = open(name, O_RDONLY | O_CLOEXEC);
	_cleanup_free_ char *data = malloc(FILE_LIMIT);
	struct replay replay = { 0 };
	ssize_t size;
	int r;

	if (fd < 0 || !data)
		return -errno;
	size = fd_read_all(fd, data, FILE_LIMIT);
	if (size < 0)
		return (int)size;
	r = create_pipeline(&replay);
	if (r == 0)
		r = feed_all(&replay, data, (size_t)size);
	if (r == 0)
		r = end_all(&replay);
	pipeline_free(replay.pipeline);
	return r;
}

int main(int argc, char **argv)
{
	int r;

	log_set_program("replay");
	if (argc != 2) {
		log_error("usage: replay FILE");
		return 2;
	}
	r = replay_file(argv[1]);
	if (r < 0)
		log_error("%s: %s", argv[1], strerror(-r));
	return r < 0;
}
