/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The members that every audit record begins with.
 */
#ifndef SESHAT_ENCODE_ENVELOPE_H
#define SESHAT_ENCODE_ENVELOPE_H

#include <stdint.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/host.h"
#include "encode/json.h"
#include "record/record.h"
#include "session/session.h"

enum {
	ENVELOPE_SCHEMA_VERSION = 1,
};

/*
 * Writes login, user, server_hostname, server_id and schema_version as text into session->members
 * (and members_raw), once. json is a writer that is not in use. Returns 0 or negative errno.
 */
int envelope_prepare(struct json *json, struct session *session, const struct host *host);

/* event, time (of realtime_ns: nanoseconds since 1970), sid, ei and the prepared members. */
void envelope_common(struct json *json, const char *event, struct clock_text *clock,
		     int64_t realtime_ns, const struct session *session);

/* pid to cgroup_id: who did it. exe may be none. */
void envelope_task(struct json *json, const struct wire_task *task, const struct record_part *exe);

#endif
