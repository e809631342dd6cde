/* SPDX-License-Identifier: Apache-2.0 */
/* From the ring to the pipeline, and sleeping when there is nothing. */
#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "daemon/state.h"

enum {
	ACCOUNTS_EVERY = 32, /* batches, while one follows the other */
	DRAIN_BATCHES = 64,
	NAP_ACCURACY_US = 100,
	US_PER_MS = 1000,
};

static int take_record(void *userdata, const void *data, size_t size)
{
	struct agent *agent = userdata;
	const struct wire_header *header = data;
	struct agent_session *session = NULL;

	if (size >= sizeof(*header))
		session = agent_session_by_key(agent, header->session);
	if (session) {
		session->received += header->number && header->kind != WIRE_MORE;
		agent_session_touch(session);
	}
	return pipeline_feed(agent->pipeline, data, size);
}

/* One batch. Returns how many records there were. */
static int read_batch(struct agent *agent)
{
	int count = ring_read(agent->ring);

	if (count < 0)
		log_error("cannot read the ring buffer: %s", strerror(-count));
	if (count > 0)
		agent_outputs_flush(agent);
	return count;
}

/* Has a session ended, or has one lost something? The probes' counters say whether it is worth looking. */
static void check_counts(struct agent *agent)
{
	struct agent_reader *reader = &agent->reader;
	struct ring_counts now;
	bool lost;

	ring_counts(agent->ring, &now);
	lost = now.lost != reader->seen.lost;
	if (lost || reader->telling || now.ended != reader->seen.ended)
		agent_sessions_check(agent, lost || reader->telling);
	/* Which numbers are missing shows when nothing more has come: so once more after the last change. */
	reader->telling = lost;
	reader->seen = now;
}

static int nap_again(struct agent *agent, int milliseconds)
{
	int r = sd_event_source_set_time_relative(agent->reader.nap,
						  (uint64_t)milliseconds * US_PER_MS);

	return r < 0 ? r : sd_event_source_set_enabled(agent->reader.nap, SD_EVENT_ONESHOT);
}

/* Waits for the next record, or a little, as there are some. */
static void reader_rest(struct agent *agent, int count, bool busy)
{
	int nap = count > 0 || busy ? ring_nap(agent->ring, count) : 0;
	int r;

	if (nap == 0 && ring_sleep(agent->ring)) {
		r = sd_event_source_set_enabled(agent->reader.ring, SD_EVENT_ON);
		if (r >= 0)
			return;
	}
	r = nap_again(agent, nap);
	if (r < 0)
		log_error("cannot wait for records: %s", strerror(-r));
}

static void reader_run(struct agent *agent)
{
	bool busy = false;
	int count;

	(void)sd_event_source_set_enabled(agent->reader.ring, SD_EVENT_OFF);
	ring_wake(agent->ring);
	count = read_batch(agent);
	if (count < 0) {
		(void)sd_event_exit(agent->event, count);
		return;
	}
	if (count == 0 || ++agent->reader.batches % ACCOUNTS_EVERY == 0) {
		check_counts(agent);
		busy = agent_sessions_settle(agent) || agent->reader.telling;
	}
	reader_rest(agent, count, busy);
}

static int ring_ready(sd_event_source *source, int fd, uint32_t events, void *userdata)
{
	(void)source, (void)fd, (void)events;
	reader_run(userdata);
	return 0;
}

static int nap_over(sd_event_source *source, uint64_t usec, void *userdata)
{
	(void)source, (void)usec;
	reader_run(userdata);
	return 0;
}

void agent_look(struct agent *agent)
{
	int r = nap_again(agent, 0);

	if (r < 0)
		log_error("cannot look for records: %s", strerror(-r));
}

void agent_drain(struct agent *agent)
{
	for (int i = 0; i < DRAIN_BATCHES; i++)
		if (read_batch(agent) <= 0)
			break;
	check_counts(agent);
}

int agent_reader_start(struct agent *agent)
{
	struct agent_reader *reader = &agent->reader;
	int r;

	r = ring_new(&agent->ring, agent->loader, take_record, agent);
	if (r < 0) {
		log_error("cannot map the ring buffer: %s", strerror(-r));
		return r;
	}
	agent_choose(agent);
	/* Not what the counters say: another agent's sessions may have ended before this one looked. */
	reader->seen = (struct ring_counts){ .lost = UINT64_MAX, .ended = UINT64_MAX };
	r = sd_event_add_io(agent->event, &reader->ring, ring_fd(agent->ring), EPOLLIN, ring_ready,
			    agent);
	if (r >= 0)
		r = sd_event_add_time_relative(agent->event, &reader->nap, CLOCK_MONOTONIC, 0,
					       NAP_ACCURACY_US, nap_over, agent);
	/* Before requests: whoever floods the socket is not to delay records. */
	if (r >= 0)
		r = sd_event_source_set_priority(reader->ring, SD_EVENT_PRIORITY_IMPORTANT);
	if (r >= 0)
		r = sd_event_source_set_priority(reader->nap, SD_EVENT_PRIORITY_IMPORTANT);
	if (r < 0)
		log_error("cannot wait for the ring buffer: %s", strerror(-r));
	return r;
}

void agent_reader_stop(struct agent *agent)
{
	sd_event_source_disable_unref(agent->reader.ring);
	sd_event_source_disable_unref(agent->reader.nap);
	agent->reader.ring = agent->reader.nap = NULL;
	ring_free(agent->ring);
	agent->ring = NULL;
}
