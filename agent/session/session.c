/* SPDX-License-Identifier: Apache-2.0 */
#include "session/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "record/record.h"

enum {
	SESSION_MEMBERS_SIZE = 65536, /* limit of the constant members; names are far shorter */
};

int session_new(struct session **ret, const struct session_start *start)
{
	_cleanup_(session_freep) struct session *session = NULL;

	if (strlen(start->sid) != UUID_SIZE - 1)
		return -EINVAL;
	session = calloc(1, sizeof(*session));
	if (!session)
		return -ENOMEM;
	session->key = start->key;
	session->start_time = start->time;
	memcpy(session->sid, start->sid, UUID_SIZE);
	session->members = BUFFER_INIT(SESSION_MEMBERS_SIZE);
	session->members_raw = BUFFER_INIT(SESSION_MEMBERS_SIZE);
	session->login = strdup(start->login);
	session->user = strdup(start->user);
	if (!session->login || !session->user)
		return -ENOMEM;
	*ret = TAKE_PTR(session);
	return 0;
}

void session_free(struct session *session)
{
	if (!session)
		return;
	free(session->login);
	free(session->user);
	gaps_free(&session->gaps);
	buffer_free(&session->members);
	buffer_free(&session->members_raw);
	free(session);
}

void session_freep(struct session **session)
{
	session_free(*session);
}

void session_progress_get(const struct session *session, struct session_progress *ret)
{
	*ret = (struct session_progress){
		.start_time = session->start_time,
		.ei = session->ei,
		.counted = session->losses.counted,
		.highest = session->gaps.highest,
		.taken = session->losses.taken,
	};
	memcpy(ret->records, session->records, sizeof(ret->records));
	memcpy(ret->sink_losses, session->sink_losses, sizeof(ret->sink_losses));
	for (size_t place = 0; place < SESSION_SINKS; place++)
		ret->sink_losses[place].sink = NULL; /* of this process's memory */
	/* What is not told yet the next one finds missing at the end, and tells. */
	for (unsigned int reason = 0; reason < LOSS_REASONS; reason++)
		ret->counted -= session->losses.untold[reason].count;
}

void session_progress_set(struct session *session, const struct session_progress *progress)
{
	session->start_time = progress->start_time;
	session->ei = progress->ei;
	session->losses.counted = progress->counted;
	session->losses.taken = progress->taken;
	session->gaps.highest = progress->highest;
	memcpy(session->records, progress->records, sizeof(session->records));
	memcpy(session->sink_losses, progress->sink_losses, sizeof(session->sink_losses));
}

uint64_t session_written(const struct session *session)
{
	uint64_t sum = 0;

	for (unsigned int kind = 0; kind < WIRE_KINDS; kind++)
		if (record_numbered(kind))
			sum += session->records[kind];
	return sum;
}
