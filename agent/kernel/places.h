/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the host is: the namespaces of which a record need not tell that something is in them.
 */
#ifndef SESHAT_KERNEL_PLACES_H
#define SESHAT_KERNEL_PLACES_H

#include "bpf/state.h"

/*
 * Fills in mount_ns and net_ns: those of the first process that this one can see, which are the host's, and its own, which a
 * service manager may have set apart (PrivateTmp= and the like). 0 where one cannot be read.
 */
void places_fill(struct control *control);

#endif
