/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.lost: records of the session that are not in the log.
 */
#include "probes/members.h"
#include "probes/probes.h"

static void encode_lost(struct json *json, const struct probe_input *input)
{
	static const char *const reasons[] = {
		[LOSS_RING] = "ring",	  [LOSS_MEMORY] = "memory", [LOSS_DECODE] = "decode",
		[LOSS_ENCODE] = "encode", [LOSS_SINK] = "sink",
	};
	const struct lost_event *lost = input->event;
	const struct loss *loss = &lost->loss;
	uint64_t known = 0;

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
