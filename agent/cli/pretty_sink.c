/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/pretty_sink.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "base/buffer.h"
#include "base/cleanup.h"
#include "sinks/stream.h"

enum {
	LINE_LIMIT = 1024 * 1024, /* above what pretty_format makes of any record */
	LINE_KEEP = 16384,	  /* a buffer larger than this is given back */
};

struct pretty_sink {
	struct sink sink;
	struct sink *stream; /* owned */
	struct pretty_options options;
	struct buffer line;
};

static struct pretty_sink *of(struct sink *sink)
{
	return (struct pretty_sink *)sink;
}

static int pretty_sink_write(struct sink *sink, const char *line, size_t size)
{
	struct pretty_sink *pretty = of(sink);
	int r;

	buffer_clear(&pretty->line, LINE_KEEP);
	r = pretty_format(line, size, &pretty->options, &pretty->line);
	if (r < 0)
		return r;
	return sink_write(pretty->stream, pretty->line.data, pretty->line.size);
}

static int pretty_sink_flush(struct sink *sink)
{
	return sink_flush(of(sink)->stream);
}

static int pretty_sink_close(struct sink *sink, uint64_t *ret_unwritten)
{
	struct pretty_sink *pretty = of(sink);
	int r = sink_close(pretty->stream, ret_unwritten);

	buffer_free(&pretty->line);
	free(pretty);
	return r;
}

static const struct sink_type pretty_sink_type = {
	.name = "pretty",
	.write = pretty_sink_write,
	.flush = pretty_sink_flush,
	.close = pretty_sink_close,
};

int pretty_sink_new(struct sink **ret, int fd, const struct pretty_options *opts)
{
	_cleanup_free_ struct pretty_sink *pretty = calloc(1, sizeof(*pretty));
	int r;

	if (!pretty)
		return -ENOMEM;
	pretty->sink.type = &pretty_sink_type;
	pretty->sink.name = pretty_sink_type.name;
	pretty->options = *opts;
	pretty->line = BUFFER_INIT(LINE_LIMIT);
	r = stream_new(&pretty->stream, fd);
	if (r < 0)
		return r;
	tzset();
	*ret = &TAKE_PTR(pretty)->sink;
	return 0;
}
