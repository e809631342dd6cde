/* SPDX-License-Identifier: Apache-2.0 */
/* How far the sessions' logs have come, and how far that is certain: what the next agent has to know. */
#include "daemon/state.h"

/* Has the sink in that place written all that it has taken? */
static bool is_clean(const struct agent *agent, size_t place)
{
	const struct sink *sink = pipeline_sink(agent->pipeline, place);
	struct sink_status status = { 0 };

	if (sink)
		sink_status_get(sink, &status);
	return status.backlog_lines == 0;
}

/* Those that were touched stay in the list until all of theirs is written. */
void agent_sessions_keep(struct agent *agent)
{
	struct agent_session *session = agent->sessions.touched, *next;
	bool clean[SINK_SET_PLACES], all = true;

	for (size_t place = 0; place < SINK_SET_PLACES; place++) {
		clean[place] = is_clean(agent, place);
		all = all && clean[place];
		if (clean[place])
			agent->sessions.unconfirmed[place] = 0;
	}
	if (all)
		agent->sessions.touched = NULL;
	for (; session; session = next) {
		struct session_progress progress = { 0 };

		next = session->next_touched;
		session->touched = !all;
		(void)pipeline_session_progress(agent->pipeline, session->key, &progress);
		for (size_t place = 0; place < SINK_SET_PLACES; place++)
			if (clean[place])
				session->confirmed[place] = progress.ei;
		handover_progress(agent->handover, session, &progress);
	}
	handover_unconfirmed(agent->handover, agent);
}

void agent_sessions_lost(struct agent *agent, size_t place)
{
	struct agent_session *session, *next;

	HASH_ITER(by_key, agent->sessions.by_key, session, next) {
		uint64_t first = session->confirmed[place];
		struct session_progress progress = { 0 };

		(void)pipeline_session_progress(agent->pipeline, session->key, &progress);
		if (progress.ei > first)
			pipeline_sink_lost(agent->pipeline, session->key, place, first,
					   progress.ei - first);
		session->confirmed[place] = progress.ei;
		agent_session_touch(session);
	}
	pipeline_sink_lost(agent->pipeline, 0, place, 0, agent->sessions.unconfirmed[place]);
	agent->sessions.unconfirmed[place] = 0;
}

void agent_session_unconfirmed(struct agent_session *session, uint64_t ei)
{
	struct agent *agent = session->agent;

	for (size_t place = 0; place < SINK_SET_PLACES; place++)
		if (ei > session->confirmed[place] && pipeline_sink(agent->pipeline, place))
			agent->sessions.unconfirmed[place] += ei - session->confirmed[place];
}
