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
