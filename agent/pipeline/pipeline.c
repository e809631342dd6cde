/* SPDX-License-Identifier: Apache-2.0 */
#include "pipeline/pipeline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "enrich/proc.h"
#include "pipeline/state.h"
#include "probes/registry.h"

enum {
	IMAGES_LIMIT = 4096,
	REASSEMBLY_LIMIT = 64 * 1048576,
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

void pipeline_lose(struct pipeline *pipeline, struct session *session, enum loss_reason reason,
		   unsigned int kind, uint64_t number)
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
	session_free(pipeline->agent);
	enricher_free(pipeline->enricher);
	line_free(&pipeline->line);
	free(pipeline);
}

int pipeline_add_sink(struct pipeline *pipeline, struct sink *sink)
{
	return sink_set_add(&pipeline->sinks, sink);
}

int pipeline_replace_sink(struct pipeline *pipeline, size_t place, struct sink *sink)
{
	return sink_set_replace(&pipeline->sinks, place, sink);
}

const struct sink *pipeline_sink(const struct pipeline *pipeline, size_t place)
{
	return place < SINK_SET_PLACES ? pipeline->sinks.sinks[place] : NULL;
}

int pipeline_rotate(struct pipeline *pipeline, bool moved)
{
	return sink_set_rotate(&pipeline->sinks, moved);
}

int pipeline_due(const struct pipeline *pipeline)
{
	return sink_set_due(&pipeline->sinks);
}

uint64_t pipeline_now(const struct pipeline *pipeline)
{
	return pipeline->config.now(pipeline->config.userdata);
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

void pipeline_stats_get(const struct pipeline *pipeline, struct pipeline_stats *ret)
{
	*ret = pipeline->stats;
	ret->refused = pipeline->sinks.refused;
	ret->unwritten = pipeline->sinks.unwritten;
	ret->sink_error = pipeline->sinks.error;
}
