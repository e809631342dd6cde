/* SPDX-License-Identifier: Apache-2.0 */
/* From a line to the sinks, and what of it they do not have. */
#include <errno.h>

#include "pipeline/state.h"
#include "probes/probes.h"

enum {
	CLOCK_STEP_NS = 50000, /* less is the measurement's fault; more: the clock was set */
};

int64_t pipeline_realtime(const struct pipeline *pipeline, uint64_t boottime)
{
	return (int64_t)(boottime + (uint64_t)pipeline->clock_offset);
}

/* Some sinks lack a record that another one has. */
static void pipeline_lack(struct pipeline *pipeline, struct session *session, unsigned int kind,
			  unsigned int places)
{
	for (size_t place = 0; places; place++, places >>= 1) {
		if (!(places & 1))
			continue;
		session->sink_losses[place].sink = pipeline->sinks.sinks[place]->name;
		sink_loss_add(&session->sink_losses[place], kind, session->ei);
	}
	pipeline->untold = true;
}

/*
 * Hands the line to the sinks. Returns 0 when one of them has taken it (or there is none), else the first error. The
 * index is used up then: where a sink lacks the record, its log has a gap there, and will say so.
 */
static int pipeline_write(struct pipeline *pipeline, struct session *session, unsigned int kind)
{
	const struct buffer *line = &pipeline->line.text;
	struct sink_verdict verdict = sink_set_write(&pipeline->sinks, line->data, line->size);

	pipeline->failing = verdict.failed;
	if (verdict.error < 0 && !verdict.any)
		return verdict.error;
	if (verdict.failed)
		pipeline_lack(pipeline, session, kind, verdict.failed);
	session->ei++;
	session->records[kind]++;
	pipeline->stats.written++;
	return 0;
}

int pipeline_say(struct pipeline *pipeline, struct session *session, unsigned int kind,
		 uint64_t time, const void *event)
{
	struct probe_input input = {
		.session = session,
		.sessions = &pipeline->sessions,
		.event = event,
		.enricher = pipeline->enricher,
	};
	int r = line_build(&pipeline->line, kind, pipeline_realtime(pipeline, time), &input);

	return r < 0 ? r : pipeline_write(pipeline, session, kind);
}

void pipeline_record(struct pipeline *pipeline, struct session *session,
		     const struct record *record)
{
	const struct wire_header *header = record->header;
	struct probe_input input = {
		.session = session,
		.sessions = &pipeline->sessions,
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

/* What is lost for good. */
static int tell_reasons(struct pipeline *pipeline, struct session *session)
{
	for (unsigned int reason = 0; reason < LOSS_REASONS; reason++) {
		struct lost_event event = {
			.reason = reason,
			.loss = session->losses.untold[reason],
		};
		int r;

		if (event.loss.count == 0)
			continue;
		r = pipeline_say(pipeline, session, EVENT_LOST, pipeline_now(pipeline), &event);
		if (r < 0) {
			pipeline->untold = true; /* tried again at the next flush */
			return r;
		}
		session->losses.untold[reason] = (struct loss){ 0 };
	}
	return 0;
}

/* What one sink lacks, once it takes lines again: its own log is where that is to be read. */
static int tell_sink(struct pipeline *pipeline, struct session *session, size_t place)
{
	struct sink_loss *loss = &session->sink_losses[place];
	struct lost_event event = { .reason = LOSS_SINK, .sink_loss = loss };
	const struct sink *sink = pipeline->sinks.sinks[place];
	struct sink_loss told = *loss;
	struct sink_status status;
	int r;

	if (loss->count == 0 || !sink)
		return 0;
	sink_status_get(sink, &status);
	if (status.backlog_lines > 0 || pipeline->failing >> place & 1) {
		pipeline->untold = true;
		return 0;
	}
	event.sink = told.sink ? told.sink : sink->name;
	event.sink_loss = &told;
	*loss = (struct sink_loss){ 0 };
	r = pipeline_say(pipeline, session, EVENT_LOST, pipeline_now(pipeline), &event);
	/* Refused again: then that is one more. */
	if (r < 0 || loss->count > 0) {
		pipeline->untold = true;
		sink_loss_merge(loss, &told);
		loss->foreign = told.foreign;
		loss->first_ei = told.first_ei;
		if (loss->count == told.count)
			loss->last_ei = told.last_ei;
	}
	return r;
}

int pipeline_tell(struct pipeline *pipeline, struct session *session)
{
	int first = tell_reasons(pipeline, session);

	for (size_t place = 0; place < SINK_SET_PLACES; place++) {
		int r = tell_sink(pipeline, session, place);

		first = first < 0 ? first : r;
	}
	return first;
}

void pipeline_sink_lost(struct pipeline *pipeline, uint64_t key, size_t place, uint64_t first_ei,
			uint64_t count)
{
	struct session *session = key ? session_table_find(&pipeline->sessions, key) :
					pipeline->agent;
	struct sink_loss *loss;

	if (count == 0 || !session)
		return;
	loss = &session->sink_losses[place];
	if (loss->count == 0 || loss->first_ei > first_ei)
		loss->first_ei = first_ei;
	if (loss->last_ei < first_ei + count - 1)
		loss->last_ei = first_ei + count - 1;
	loss->count += count; /* their kinds nobody knows any more */
	loss->foreign = loss->foreign || key == 0;
	pipeline->untold = true;
}

/* What no sink has, and could not be told: the numbers are another session's, and say nothing here. */
static void inherit_reasons(struct pipeline *pipeline, const struct session *session)
{
	for (unsigned int reason = 0; reason < LOSS_REASONS; reason++) {
		const struct loss *loss = &session->losses.untold[reason];
		struct loss *sum = &pipeline->agent->losses.untold[reason];

		if (loss->count == 0)
			continue;
		for (size_t kind = 0; kind < WIRE_KINDS; kind++)
			sum->by_kind[kind] += loss->by_kind[kind];
		sum->count += loss->count;
		pipeline->untold = true;
	}
}

void pipeline_inherit(struct pipeline *pipeline, const struct session *session)
{
	if (!pipeline->agent)
		return;
	inherit_reasons(pipeline, session);
	for (size_t place = 0; place < SINK_SET_PLACES; place++) {
		if (session->sink_losses[place].count == 0)
			continue;
		sink_loss_merge(&pipeline->agent->sink_losses[place], &session->sink_losses[place]);
		pipeline->agent->sink_losses[place].foreign = true;
		pipeline->untold = true;
	}
}

struct sink_verdict pipeline_flush_sinks(struct pipeline *pipeline)
{
	struct sink_verdict verdict = sink_set_flush(&pipeline->sinks);

	pipeline->failing = verdict.failed;
	return verdict;
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
	struct sink_verdict verdict;
	int r, first;

	pipeline_set_clock(pipeline);
	verdict = pipeline_flush_sinks(pipeline);
	first = verdict.error;
	if (!pipeline->untold || !verdict.any)
		return first;
	pipeline->untold = false;
	if (pipeline->agent) {
		r = pipeline_tell(pipeline, pipeline->agent);
		first = first < 0 ? first : r;
	}
	HASH_ITER(hh, pipeline->sessions.sessions, session, next) {
		r = pipeline_tell(pipeline, session);
		if (r < 0 && first == 0)
			first = r;
	}
	verdict = pipeline_flush_sinks(pipeline);
	return first < 0 ? first : verdict.error;
}
