/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Several programs for one probe, each for other kernels: the first that can be attached is taken, the others are spare.
 */
#ifndef SESHAT_KERNEL_SPARES_H
#define SESHAT_KERNEL_SPARES_H

#include "kernel/loader.h"

/* Has the probe of results[i] a program already, among those before it? */
bool spares_has(const struct loader_result *results, size_t i);

/* Marks those that failed and in whose place another program is: nothing is missing without them. */
void spares_mark(struct loader_result *results, size_t count);

#endif
