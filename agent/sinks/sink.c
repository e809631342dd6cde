/* SPDX-License-Identifier: Apache-2.0 */
#include "sinks/sink.h"

int sink_write(struct sink *sink, const char *line, size_t size)
{
	return sink->type->write(sink, line, size);
}

int sink_flush(struct sink *sink)
{
	return sink->type->flush(sink);
}

int sink_close(struct sink *sink, uint64_t *ret_unwritten)
{
	uint64_t unwritten = 0;
	int r = sink->type->close(sink, &unwritten);

	if (ret_unwritten)
		*ret_unwritten = unwritten;
	return r;
}

int sink_rotate(struct sink *sink, bool moved)
{
	return sink->type->rotate ? sink->type->rotate(sink, moved) : 0;
}

int sink_due(const struct sink *sink)
{
	return sink->type->due ? sink->type->due(sink) : -1;
}

void sink_status_get(const struct sink *sink, struct sink_status *ret)
{
	*ret = (struct sink_status){ 0 };
	if (sink->type->status)
		sink->type->status(sink, ret);
}
