/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors whose closing takes long. */
#ifndef SESHAT_KERNEL_DESCRIPTORS_H
#define SESHAT_KERNEL_DESCRIPTORS_H

#include <stddef.h>

/*
 * Lets a process of its own hold them, and nothing else, until the caller has closed both its own and what this returns: then
 * it ends, and it is that process that waits for whatever the last close has to wait for. Returns a descriptor, or negative
 * errno: no process could be made, and closing them takes its time. Sorts the array, which has room for one more.
 */
int descriptors_hold(int *fds, size_t count);

#endif
