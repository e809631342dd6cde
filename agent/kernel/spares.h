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
 * Finds out, before the object is loaded, which of them fit this kernel. Those that do not get their error, and are marked, as
 * are those that come after one that fits: what is marked need not be loaded. So is what has no hook on this kernel.
 */
void spares_try(const struct bpf_object *object, struct loader_result *results, size_t count);

/* Marks those that nothing is missing without: another program is in their place, or there is nothing to attach them to. */
void spares_mark(struct loader_result *results, size_t count);

#endif
