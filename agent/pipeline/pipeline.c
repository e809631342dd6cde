/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "enrich/enrich.h"
#include "enrich/proc.h"
#include "probes/line.h"
#include "probes/probes.h"
#include "probes/registry.h"
#include "record/reassemble.h"
#include "record/record.h"
#include "session/table.h"
#include "sinks/set.h"

enum {
	IMAGES_LIMIT = 4096,
	REASSEMBLY_LIMIT = 64 * 1048576,
	CLOCK_STEP_NS = 50000, /* less is the measurement's fault; more: the clock was set */
};

struct pipeline {
	struct pipeline_config config;
	struct record_layout layout;
	struct session_table sessions;
	struct enricher *enricher;	 /* owned */
	struct reassembler *reassembler; /* owned */
	struct line line;
	int64_t clock_offset;
	struct sink_set sinks;
	bool untold; /* some session has losses that are not in the log */
	struct pipeline_stats stats;
};

static int64_t default_clock_offset(void *userdata)
{
	(void)userdata;
	return clock_offset_ns();
}

static uint64_t default_now(void *userdata)
{
	(void)userdata;
	return clock_boottime_ns();
}

static int default_exe_path(uint32_t pid, char *buf, size_t size, void *userdata)
{
	(void)userdata;
	return proc_exe_path(pid, buf, size);
}

static void pipeline_configure(struct pipeline *pipeline, const struct pipeline_config *config)
{
	struct pipeline_config *own = &pipeline->config;

	*own = *config;
	if (!own->clock_offset)
		own->clock_offset = default_clock_offset;
	if (!own->now)
		own->now = default_now;
	if (!own->exe_path)
		own->exe_path = default_exe_path;
	if (own->images_limit == 0)
		own->images_limit = IMAGES_LIMIT;
	if (own->reassembly_limit == 0)
		own->reassembly_limit = REASSEMBLY_LIMIT;
	pipeline->clock_offset = own->clock_offset(own->userdata);
}

/* A numbered record is lost in user space. */
static void pipeline_lose(struct pipeline *pipeline, struct session *session,
			  enum loss_reason reason, unsigned int kind, uint64_t number)
{
	losses_add(&session->losses, reason, kind, number);
	pipeline->stats.lost[reason]++;
	pipeline->untold = true;
}

static void pipeline_unassembled(uint64_t key, unsigned int kind, uint64_t number, int error,
				 void *userdata)
{
	struct pipeline *pipeline = userdata;
	struct session *session = session_table_find(&pipeline->sessions, key);

	if (!session)
		return; /* it is the ending of this very session that forgets the record */
	gaps_arrive(&session->gaps, number);
	pipeline_lose(pipeline, session, error == -EBADMSG ? LOSS_DECODE : LOSS_MEMORY, kind,
		      number);
}

static void pipeline_freep(struct pipeline **pipeline)
{
	pipeline_free(*pipeline);
}

int pipeline_new(struct pipeline **ret, const struct pipeline_config *config)
{
	_cleanup_(pipeline_freep) struct pipeline *pipeline = calloc(1, sizeof(*pipeline));
	struct enrich_sources sources;
	int r;

	if (!pipeline)
		return -ENOMEM;
	pipeline_configure(pipeline, config);
	registry_layout(&pipeline->layout);
	line_init(&pipeline->line);
	sources = (struct enrich_sources){
		.exe_path = pipeline->config.exe_path,
		.cgroup_path = pipeline->config.cgroup_path,
		.userdata = pipeline->config.userdata,
	};
	r = enricher_new(&pipeline->enricher, &sources, pipeline->config.images_limit);
	if (r < 0)
		return r;
	r = reassembler_new(&pipeline->reassembler, pipeline->config.reassembly_limit,
			    pipeline_unassembled, pipeline);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(pipeline);
	return 0;
}

int pipeline_close(struct pipeline *pipeline)
{
	return sink_set_close(&pipeline->sinks);
}

void pipeline_free(struct pipeline *pipeline)
{
	if (!pipeline)
		return;
	(void)pipeline_close(pipeline); /* whoever cares has called it */
	reassembler_free(pipeline->reassembler);
	session_table_clear(&pipeline->sessions);
	enricher_free(pipeline->enricher);
	line_free(&pipeline->line);
	free(pipeline);
}

int pipeline_add_sink(struct pipeline *pipeline, struct sink *sink)
{
	return sink_set_add(&pipeline->sinks, sink);
}

/* Nanoseconds since 1970 of a CLOCK_BOOTTIME. */
static int64_t pipeline_realtime(const struct pipeline *pipeline, uint64_t time)
{
	return (int64_t)(time + (uint64_t)pipeline->clock_offset);
}

/*
 * Hands the line to the sinks. Returns 0 when all that must take it have done so, else the first
 * error. The index is used up as soon as one of them has the line; and one log that tells of a loss
 * is enough.
 */
static int pipeline_write(struct pipeline *pipeline, struct session *session, unsigned int kind)
{
	const struct buffer *line = &pipeline->line.text;
	bool taken;
	int r = sink_set_write(&pipeline->sinks, line->data, line->size, &taken);

	if (taken || r == 0)
		session->ei++;
	if (r < 0 && !(taken && kind == EVENT_LOST))
		return r;
	session->records[kind]++;
	pipeline->stats.written++;
	return 0;
}

/* Something that user space says itself. */
static int pipeline_say(struct pipeline *pipeline, struct session *session, unsigned int kind,
			uint64_t time, const void *event)
{
	struct probe_input input = {
		.session = session,
		.event = event,
		.enricher = pipeline->enricher,
	};
	int r = line_build(&pipeline->line, kind, pipeline_realtime(pipeline, time), &input);

	return r < 0 ? r : pipeline_write(pipeline, session, kind);
}

/* A whole numbered record: written, or counted as lost. */
static void pipeline_record(struct pipeline *pipeline, struct session *session,
			    const struct record *record)
{
	const struct wire_header *header = record->header;
	struct probe_input input = {
		.session = session,
		.record = record,
		.enricher = pipeline->enricher,
	};
	int r;

	gaps_arrive(&session->gaps, header->number);
	r = line_build(&pipeline->line, header->kind, pipeline_realtime(pipeline, header->time),
		       &input);
	if (r < 0) {
		pipeline_lose(pipeline, session, r == -ENOMEM ? LOSS_MEMORY : LOSS_ENCODE,
			      header->kind, header->number);
		return;
	}
	if (pipeline_write(pipeline, session, header->kind) < 0)
		pipeline_lose(pipeline, session, LOSS_SINK, header->kind, header->number);
}

/* Bytes that are no record: counted for their session as far as that can be read. */
static void pipeline_undecodable(struct pipeline *pipeline, const void *data, size_t size)
{
	struct session *session = NULL;
	struct wire_header header = { 0 };

	if (size >= sizeof(header)) {
		memcpy(&header, data, sizeof(header));
		session = session_table_find(&pipeline->sessions, header.session);
	}
	if (session && header.kind == WIRE_MORE) {
		reassemble_broken(pipeline->reassembler, header.session, header.number);
		return;
	}
	if (!session || !record_numbered(header.kind) || header.number == 0) {
		pipeline->stats.undecodable++;
		return;
	}
	gaps_arrive(&session->gaps, header.number);
	pipeline_lose(pipeline, session, LOSS_DECODE, header.kind, header.number);
}

int pipeline_feed(struct pipeline *pipeline, const void *data, size_t size)
{
	struct session *session;
	struct record record, whole;

	if (record_decode(&pipeline->layout, data, size, &record) < 0) {
		pipeline_undecodable(pipeline, data, size);
		return 0;
	}
	session = session_table_find(&pipeline->sessions, record.header->session);
	if (!session) {
		pipeline->stats.unmatched++;
		return 0;
	}
	if (record.header->kind == WIRE_MORE) {
		if (reassemble_more(pipeline->reassembler, &record, &whole))
			pipeline_record(pipeline, session, &whole);
		return 0;
	}
	reassemble_task(pipeline->reassembler, &record);
	enrich_learn(pipeline->enricher, &record);
	if (reassemble_unfinished(&record)) {
		gaps_expect(&session->gaps, record.header->number);
		reassemble_begin(pipeline->reassembler, &record);
	} else if (record_numbered(record.header->kind)) {
		pipeline_record(pipeline, session, &record);
	}
	return 0;
}

/* Writes session.lost for what of the session is not told yet. Returns 0 or the first error. */
static int pipeline_tell(struct pipeline *pipeline, struct session *session)
{
	for (unsigned int reason = 0; reason < LOSS_REASONS; reason++) {
		struct lost_event event = {
			.reason = reason,
			.loss = session->losses.untold[reason],
		};
		int r;

		if (event.loss.count == 0)
			continue;
		r = pipeline_say(pipeline, session, EVENT_LOST,
				 pipeline->config.now(pipeline->config.userdata), &event);
		if (r < 0) {
			pipeline->untold = true; /* tried again at the next flush */
			return r;
		}
		session->losses.untold[reason] = (struct loss){ 0 };
	}
	return 0;
}

static void pipeline_set_clock(struct pipeline *pipeline)
{
	int64_t offset = pipeline->config.clock_offset(pipeline->config.userdata);
	int64_t change = offset - pipeline->clock_offset;

	if (change > CLOCK_STEP_NS || change < -CLOCK_STEP_NS)
		pipeline->clock_offset = offset;
}

int pipeline_flush(struct pipeline *pipeline)
{
	struct session *session, *next;
	bool ready;
	int r, first;

	pipeline_set_clock(pipeline);
	first = sink_set_flush(&pipeline->sinks, &ready);
	if (!pipeline->untold || !ready)
		return first;
	pipeline->untold = false;
	HASH_ITER(hh, pipeline->sessions.sessions, session, next) {
		r = pipeline_tell(pipeline, session);
		if (r < 0 && first == 0)
			first = r;
	}
	r = sink_set_flush(&pipeline->sinks, &ready);
	return first < 0 ? first : r;
}

int pipeline_session_start(struct pipeline *pipeline, const struct session_start *start)
{
	_cleanup_(session_freep) struct session *owned = NULL;
	struct session *session;
	int r;

	r = session_new(&owned, start);
	if (r < 0)
		return r;
	r = line_prepare(&pipeline->line, owned, &pipeline->config.host);
	if (r < 0)
		return r;
	r = session_table_add(&pipeline->sessions, owned);
	if (r < 0)
		return r;
	session = TAKE_PTR(owned);
	r = pipeline_say(pipeline, session, EVENT_START, start->time, start);
	if (r < 0)
		session_table_remove(&pipeline->sessions, session);
	return r;
}

int pipeline_losses(struct pipeline *pipeline, uint64_t key, const struct kernel_losses *now)
{
	struct session *session = session_table_find(&pipeline->sessions, key);
	uint64_t counted;

	if (!session)
		return -ENOENT;
	counted = session->losses.counted;
	losses_kernel(&session->losses, &session->gaps, now, false);
	pipeline->stats.lost[LOSS_RING] += session->losses.counted - counted;
	return pipeline_tell(pipeline, session);
}

/* Counts what the kernel lost at last, and what is missing for no known reason. */
static void pipeline_settle(struct pipeline *pipeline, struct session *session,
			    const struct kernel_losses *losses)
{
	enum loss_reason reason = pipeline->stats.undecodable > 0 ? LOSS_DECODE : LOSS_RING;
	uint64_t counted = session->losses.counted;

	losses_kernel(&session->losses, &session->gaps, losses, true);
	pipeline->stats.lost[LOSS_RING] += session->losses.counted - counted;
	counted = session->losses.counted;
	losses_settle(&session->losses, &session->gaps, reason, losses->numbered,
		      session_written(session));
	pipeline->stats.lost[reason] += session->losses.counted - counted;
}

int pipeline_session_end(struct pipeline *pipeline, uint64_t key, const struct session_end *end)
{
	struct session *session = session_table_find(&pipeline->sessions, key);
	struct session_end last = *end;
	int steps[3], first = 0;
	bool ready;

	if (!session)
		return -ENOENT;
	reassemble_session(pipeline->reassembler, key);
	pipeline_settle(pipeline, session, &end->losses);
	/* Makes room, if it can; what fails here shows below. */
	(void)sink_set_flush(&pipeline->sinks, &ready);
	steps[0] = pipeline_tell(pipeline, session);
	/* Not before the session.lost that may just have been written. */
	last.time = pipeline->config.now(pipeline->config.userdata);
	if (last.time < end->time)
		last.time = end->time;
	steps[1] = pipeline_say(pipeline, session, EVENT_END, last.time, &last);
	steps[2] = sink_set_flush(&pipeline->sinks, &ready);
	for (size_t i = 0; i < ARRAY_SIZE(steps) && first == 0; i++)
		first = steps[i];
	session_table_remove(&pipeline->sessions, session);
	return first;
}

void pipeline_stats_get(const struct pipeline *pipeline, struct pipeline_stats *ret)
{
	*ret = pipeline->stats;
	ret->refused = pipeline->sinks.refused;
	ret->unwritten = pipeline->sinks.unwritten;
	ret->sink_error = pipeline->sinks.error;
}
