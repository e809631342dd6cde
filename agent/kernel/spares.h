/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several programs for one probe, each for other kernels: the first that can be attached is taken, the others are spare.
 */
#ifndef SESHAT_KERNEL_SPARES_H
#define SESHAT_KERNEL_SPARES_H

#include <bpf/libbpf.h>

#include "kernel/loader.h"

/* Has the probe of results[i] a program already, among those before it? */
bool spares_has(const struct loader_result *results, size_t i);

/*
 * Finds out, as soon as the object is loaded, which of them fit this kernel: by attaching each once, for a moment. Those that
 * do not get their error, and are marked, as are those that come after one that fits.
 */
void spares_try(struct bpf_object *object, struct loader_result *results, size_t count);

/* Marks those that failed and in whose place another program is: nothing is missing without them. */
void spares_mark(struct loader_result *results, size_t count);

#endif
