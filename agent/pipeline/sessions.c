/* SPDX-License-Identifier: Apache-2.0 */
/* How sessions begin and end, and what is said of them in between. */
#include <errno.h>

#include "base/cleanup.h"
#include "pipeline/state.h"

/* A session in the table that has written nothing yet. */
static int session_prepare(struct pipeline *pipeline, const struct session_start *start,
			   struct session **ret)
{
	_cleanup_(session_freep) struct session *session = NULL;
	int r;

	r = session_new(&session, start);
	if (r < 0)
		return r;
	r = line_prepare(&pipeline->line, session, &pipeline->config.host);
	if (r < 0)
		return r;
	r = session_table_add(&pipeline->sessions, session);
	if (r < 0)
		return r;
	*ret = TAKE_PTR(session);
	return 0;
}

int pipeline_session_start(struct pipeline *pipeline, const struct session_start *start)
{
	struct session *session;
	int r = session_prepare(pipeline, start, &session);

	if (r < 0)
		return r;
	r = pipeline_say(pipeline, session, EVENT_START, start->time, start);
	if (r < 0)
		session_table_remove(&pipeline->sessions, session);
	return r;
}

int pipeline_session_resume(struct pipeline *pipeline, const struct session_start *start,
			    const struct session_progress *progress)
{
	struct session *session;
	int r = session_prepare(pipeline, start, &session);

	if (r < 0)
		return r;
	session_progress_set(session, progress);
	pipeline->untold = true; /* maybe: what sinks lack */
	return 0;
}

int pipeline_session_progress(const struct pipeline *pipeline, uint64_t key,
			      struct session_progress *ret)
{
	struct session *session;

	HASH_FIND(hh, pipeline->sessions.sessions, &key, sizeof(key), session);
	if (!session)
		return -ENOENT;
	session_progress_get(session, ret);
	return 0;
}

int pipeline_session_switch(struct pipeline *pipeline, uint64_t key,
			    const struct session_switch *event)
{
	struct session *session = session_table_find(&pipeline->sessions, key);

	if (!session)
		return -ENOENT;
	return pipeline_say(pipeline, session, EVENT_SWITCH, pipeline_now(pipeline), event);
}

int pipeline_session_logout(struct pipeline *pipeline, uint64_t key,
			    const struct session_logout *event)
{
	struct session *session = session_table_find(&pipeline->sessions, key);

	if (!session)
		return -ENOENT;
	return pipeline_say(pipeline, session, EVENT_LOGOUT, pipeline_now(pipeline), event);
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
	losses_preempted(&session->losses, losses->preempted);
	pipeline->stats.lost[LOSS_PREEMPTED] += losses->preempted;
}

int pipeline_session_end(struct pipeline *pipeline, uint64_t key, const struct session_end *end)
{
	struct session *session = session_table_find(&pipeline->sessions, key);
	struct session_end last = *end;
	struct sink_verdict verdict;
	int steps[3], first = 0;

	if (!session)
		return -ENOENT;
	reassemble_session(pipeline->reassembler, key);
	pipeline_settle(pipeline, session, &end->losses);
	/* Makes room, if it can; what fails here shows below. */
	(void)pipeline_flush_sinks(pipeline);
	steps[0] = pipeline_tell(pipeline, session);
	/* Not before the session.lost that may just have been written. */
	last.time = pipeline_now(pipeline);
	if (last.time < end->time)
		last.time = end->time;
	steps[1] = pipeline_say(pipeline, session, EVENT_END, last.time, &last);
	verdict = pipeline_flush_sinks(pipeline);
	/* One log that is whole is enough: what others lack is told by them. */
	steps[2] = verdict.any ? 0 : verdict.error;
	for (size_t i = 0; i < ARRAY_SIZE(steps) && first == 0; i++)
		first = steps[i];
	pipeline_inherit(pipeline, session);
	session_table_remove(&pipeline->sessions, session);
	return first;
}
