/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/check_sink.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "cli/log_files.h"
#include "cli/log_follow.h"
#include "cli/log_journal.h"
#include "cli/log_record.h"
#include "control/message.h"

#define NS_PER_MS   UINT64_C(1000000)
#define JOURNAL	    "/run/systemd/journal"
#define SOCKET_NAME "/socket"

int check_sink_open_file(struct check_sink *ret, const char *path)
{
	_cleanup_(log_follow_freep) struct log_follow *follow = NULL;
	_cleanup_(log_files_close) struct log_files files = { 0 };
	int r = log_follow_new(&follow, path);

	if (r == 0)
		r = log_files_open(path, &files);
	if (r < 0)
		return r;
	log_follow_start(follow, &files);
	r = log_follow_skip(follow);
	if (r < 0)
		return r;
	*ret = (struct check_sink){ .follow = TAKE_PTR(follow) };
	return 0;
}

/* "/run/systemd/journal.NAME/socket": NAME; without a name: "". The caller frees it; NULL: -ENXIO or no memory. */
static char *namespace_of(const char *socket)
{
	size_t length = strlen(socket), tail = strlen(SOCKET_NAME), head = strlen(JOURNAL);

	if (strncmp(socket, JOURNAL, head) != 0 || length < head + tail ||
	    strcmp(socket + length - tail, SOCKET_NAME) != 0)
		return NULL;
	if (length == head + tail)
		return strdup("");
	if (socket[head] != '.')
		return NULL;
	return strndup(socket + head + 1, length - tail - head - 1);
}

int check_sink_open_journal(struct check_sink *ret, const char *socket, const char *since)
{
	_cleanup_(log_journal_freep) struct log_journal *journal = NULL;
	_cleanup_free_ char *namespace = namespace_of(socket);
	struct log_filter filter = { 0 };
	int r;

	if (!namespace)
		return -ENXIO;
	r = log_journal_open(&journal, namespace, &filter);
	if (r == 0)
		r = log_journal_seek(journal, since);
	if (r < 0)
		return r;
	*ret = (struct check_sink){ .journal = TAKE_PTR(journal) };
	return 0;
}

static int sink_next(struct check_sink *sink, const char **ret, size_t *ret_size)
{
	return sink->follow ? log_follow_next(sink->follow, ret, ret_size) :
			      log_journal_next(sink->journal, ret, ret_size);
}

static int sink_wait(struct check_sink *sink, int timeout_ms)
{
	return sink->follow ? log_follow_wait(sink->follow, timeout_ms) :
			      log_journal_wait(sink->journal, timeout_ms);
}

static void sink_take(struct check_sink *sink, const struct check_facts *facts, const char *sid,
		      const char *line, size_t size)
{
	_cleanup_(control_message_freep) struct json_object *record = NULL;
	enum check_step step;

	/* What is no record is somebody else's. */
	if (log_record_parse(line, size, &record) < 0 ||
	    !bytes_equal(log_record_head(record).sid, bytes_of(sid)))
		return;
	step = check_expect_match(facts, record);
	if (step < CHECK_STEPS)
		sink->seen |= UINT32_C(1) << step;
}

/* Everything that is there. */
static int sink_read(struct check_sink *sink, const struct check_facts *facts, const char *sid)
{
	const char *line;
	size_t size;
	int r;

	while ((r = sink_next(sink, &line, &size)) > 0)
		sink_take(sink, facts, sid, line, size);
	return r;
}

int check_sink_wait(struct check_sink *sink, const struct check_facts *facts, const char *sid,
		    uint32_t wanted, int timeout_ms)
{
	uint64_t end = clock_boottime_ns() + (uint64_t)timeout_ms * NS_PER_MS;

	for (;;) {
		uint64_t now;
		int r = sink_read(sink, facts, sid);

		now = clock_boottime_ns();
		if (r < 0 || (sink->seen & wanted) == wanted || now >= end)
			return r;
		/* Rounded up: what is left of a millisecond is waited for, not polled for. */
		r = sink_wait(sink, (int)((end - now) / NS_PER_MS) + 1);
		if (r < 0)
			return r;
	}
}

void check_sink_close(struct check_sink *sink)
{
	log_follow_free(sink->follow);
	log_journal_free(sink->journal);
	*sink = (struct check_sink){ 0 };
}
