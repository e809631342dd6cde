/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sink that shows audit records to a person: the readable line of each, written to a descriptor.
 */
#ifndef SESHAT_CLI_PRETTY_SINK_H
#define SESHAT_CLI_PRETTY_SINK_H

#include "cli/pretty.h"
#include "sinks/sink.h"

/*
 * A sink on an open descriptor, which it owns from then on (on success only); the options are copied.
 * What is kept and what is refused when the descriptor takes no more is as in sinks/stream.h. A line that
 * is no audit record is refused with -EBADMSG. Returns 0, -ENOMEM, or -EBADF.
 */
int pretty_sink_new(struct sink **ret, int fd, const struct pretty_options *opts);

#endif
