/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.lost: records of the session that are not in the log.
 */
#include "probes/members.h"
#include "probes/probes.h"

/* What one sink lacks: by the indexes of its log, as records without a kernel number may be among them. */
static void encode_sink_loss(struct json *json, const struct lost_event *lost)
{
	const struct sink_loss *loss = lost->sink_loss;
	uint64_t known = 0;

	for (unsigned int kind = 0; kind < EVENT_KINDS; kind++)
		known += loss->by_kind[kind];
	json_uint(json, "count", loss->count);
	members_counts(json, "by_event", loss->by_kind, EVENT_KINDS, loss->count - known);
	if (!loss->foreign) {
		json_uint(json, "first_ei", loss->first_ei);
		json_uint(json, "last_ei", loss->last_ei);
	}
	json_plain(json, "reason", "sink");
	json_plain(json, "sink", lost->sink);
}

static void encode_lost(struct json *json, const struct probe_input *input)
{
	static const char *const reasons[] = {
		[LOSS_RING] = "ring",	  [LOSS_MEMORY] = "memory", [LOSS_DECODE] = "decode",
		[LOSS_ENCODE] = "encode", [LOSS_SINK] = "sink",	    [LOSS_PREEMPTED] = "preempted",
	};
	const struct lost_event *lost = input->event;
	const struct loss *loss = &lost->loss;
	uint64_t known = 0;

	if (lost->sink_loss) {
		encode_sink_loss(json, lost);
		return;
	}
	_Static_assert(ARRAY_SIZE(reasons) == LOSS_REASONS, "a reason has no name");
	for (unsigned int kind = 0; kind < WIRE_KINDS; kind++)
		known += loss->by_kind[kind];
	json_uint(json, "count", loss->count);
	members_counts(json, "by_event", loss->by_kind, WIRE_KINDS, loss->count - known);
	if (loss->first != 0) {
		json_uint(json, "first", loss->first);
		json_uint(json, "last", loss->last);
	}
	json_plain(json, "reason", reasons[lost->reason]);
}

const struct probe probe_lost = {
	.event = "session.lost",
	.encode = encode_lost,
};
