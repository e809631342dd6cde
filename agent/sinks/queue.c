/* SPDX-License-Identifier: Apache-2.0 */
#include "sinks/queue.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "base/clock.h"
#include "sinks/backlog.h"

enum {
	NS_PER_MS = 1000000,
};

struct queue {
	struct sink sink;
	struct sink *inner; /* owned */
	struct backlog backlog;
	size_t limit;	    /* bytes of the backlog */
	bool refusing;	    /* the limit was reached, and the backlog is not half empty yet */
	int error;	    /* negative errno: the last try failed; 0: it did not */
	unsigned int delay; /* milliseconds from that failure to the next try */
	uint64_t retry_at;  /* CLOCK_BOOTTIME, nanoseconds */
	uint64_t handed;    /* lines that inner has taken */
	uint64_t refused;   /* lines, the dropped ones included */
	uint64_t dropped;   /* lines that were taken, and that inner will never take */
};

static struct queue *queue_of(struct sink *sink)
{
	return (struct queue *)sink;
}

/* Is it the line that is wrong, and not the time? */
static bool queue_hopeless(int error)
{
	return error == -EMSGSIZE || error == -EINVAL || error == -EBADMSG;
}

static int queue_failed(struct queue *queue, int error)
{
	unsigned int first = error == -EAGAIN ? QUEUE_BUSY_MS : QUEUE_RETRY_MS;

	queue->delay = queue->error ? queue->delay * 2 : first;
	if (queue->delay > QUEUE_RETRY_MAX_MS)
		queue->delay = QUEUE_RETRY_MAX_MS;
	queue->error = error;
	queue->retry_at = clock_boottime_ns() + (uint64_t)queue->delay * NS_PER_MS;
	return error;
}

static int queue_refuse(struct queue *queue, int error)
{
	queue->refused++;
	return error;
}

static int queue_keep(struct queue *queue, const char *line, size_t size)
{
	int r;

	if (queue->refusing && backlog_used(&queue->backlog) <= queue->limit / 2)
		queue->refusing = false;
	if (queue->refusing)
		return queue_refuse(queue, -ENOBUFS);
	if (backlog_used_with(&queue->backlog, size) > queue->limit) {
		queue->refusing = true;
		return queue_refuse(queue, -ENOBUFS);
	}
	r = backlog_push(&queue->backlog, line, size);
	return r < 0 ? queue_refuse(queue, r) : 0;
}

static int queue_write(struct sink *sink, const char *line, size_t size)
{
	struct queue *queue = queue_of(sink);
	int r;

	if (queue->backlog.lines > 0)
		return queue_keep(queue, line, size);
	r = sink_write(queue->inner, line, size);
	if (r < 0 && queue_hopeless(r))
		return queue_refuse(queue, r);
	if (r < 0) {
		(void)queue_failed(queue, r);
		return queue_keep(queue, line, size);
	}
	queue->handed++;
	return 0;
}

/* The first line that waits. Returns 0 when it is gone, whichever way; or why it still waits. */
static int queue_hand_one(struct queue *queue)
{
	struct bytes line = backlog_peek(&queue->backlog);
	int r = sink_write(queue->inner, line.data, line.size);

	if (r < 0 && !queue_hopeless(r))
		return r;
	if (r < 0) {
		queue->dropped++;
		queue->refused++;
	} else {
		queue->handed++;
	}
	backlog_pop(&queue->backlog);
	return 0;
}

/* One try, bounded; what is written may leave lines that wait. Returns 0, or why it went no further. */
static int queue_try(struct queue *queue)
{
	int r = 0;

	/* There are sinks that refuse until a flush has succeeded. */
	if (queue->error)
		r = sink_flush(queue->inner);
	for (int i = 0; r == 0 && i < QUEUE_FLUSH_LINES && queue->backlog.lines > 0; i++) {
		r = queue_hand_one(queue);
		if (r == 0)
			queue->error =
				0; /* something moves: the next failure is the first in a row */
	}
	if (r == 0)
		r = sink_flush(queue->inner);
	if (r < 0)
		return queue_failed(queue, r);
	queue->error = 0;
	return 0;
}

static int queue_flush(struct sink *sink)
{
	struct queue *queue = queue_of(sink);
	int r;

	if (queue->error && clock_boottime_ns() < queue->retry_at)
		return queue->error;
	r = queue_try(queue);
	if (r < 0)
		return r;
	return queue->backlog.lines > 0 ? -EAGAIN : 0;
}

/* The last try, which may wait for the other side a little. */
static int queue_drain(struct queue *queue)
{
	uint64_t begun = clock_boottime_ns(), moved = begun;

	for (;;) {
		uint64_t lines = queue->backlog.lines, now;
		int r = queue_try(queue);

		if (queue->backlog.lines == 0 || (r < 0 && r != -EAGAIN))
			return r;
		now = clock_boottime_ns();
		if (queue->backlog.lines != lines)
			moved = now;
		if (now - moved > (uint64_t)QUEUE_CLOSE_IDLE_MS * NS_PER_MS ||
		    now - begun > (uint64_t)QUEUE_CLOSE_MS * NS_PER_MS)
			return -EAGAIN;
		if (r < 0)
			(void)poll(NULL, 0, QUEUE_BUSY_MS);
	}
}

static int queue_close(struct sink *sink, uint64_t *ret_unwritten)
{
	struct queue *queue = queue_of(sink);
	int first = queue_drain(queue);
	uint64_t unwritten = 0;
	int r = sink_close(queue->inner, &unwritten);

	*ret_unwritten = unwritten + queue->backlog.lines + queue->dropped;
	backlog_free(&queue->backlog);
	free(queue);
	return first < 0 ? first : r;
}

static int queue_rotate(struct sink *sink, bool moved)
{
	struct queue *queue = queue_of(sink);
	int r;

	(void)queue_try(queue); /* what still waits goes to the new file; it is not lost */
	r = sink_rotate(queue->inner, moved);
	if (r == 0)
		queue->retry_at = 0; /* there may be room where there was none */
	return r;
}

static int queue_due(const struct sink *sink)
{
	const struct queue *queue = (const struct queue *)sink;
	uint64_t now;

	if (!queue->error)
		return queue->backlog.lines > 0 ? 0 : sink_due(queue->inner);
	now = clock_boottime_ns();
	if (now >= queue->retry_at)
		return 0;
	return (int)((queue->retry_at - now + NS_PER_MS - 1) / NS_PER_MS);
}

/* What inner has refused was tried again, and is counted here if at all. */
static void queue_status(const struct sink *sink, struct sink_status *ret)
{
	const struct queue *queue = (const struct queue *)sink;
	struct sink_status inner;

	sink_status_get(queue->inner, &inner);
	ret->written = queue->handed - inner.backlog_lines;
	ret->refused = queue->refused;
	ret->backlog_lines = queue->backlog.lines + inner.backlog_lines;
	ret->backlog_bytes = queue->backlog.bytes + inner.backlog_bytes;
	ret->error = queue->error ? queue->error : inner.error;
}

static const struct sink_type queue_type = {
	.name = "queue",
	.write = queue_write,
	.flush = queue_flush,
	.close = queue_close,
	.rotate = queue_rotate,
	.due = queue_due,
	.status = queue_status,
};

int queue_new(struct sink **ret, struct sink *inner, size_t limit)
{
	struct queue *queue = calloc(1, sizeof(*queue));

	if (!queue)
		return -ENOMEM;
	queue->sink.type = &queue_type;
	queue->sink.name = inner->name;
	queue->sink.best_effort = inner->best_effort;
	queue->inner = inner;
	queue->limit = limit;
	*ret = &queue->sink;
	return 0;
}
