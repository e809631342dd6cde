/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors whose closing takes long. */
#ifndef SESHAT_KERNEL_DESCRIPTORS_H
#define SESHAT_KERNEL_DESCRIPTORS_H

#include <stddef.h>

/*
 * Lets a process of its own hold them, and nothing else, until it ends at once: whoever closes them now does not wait. Where
 * no process can be made, closing them takes its time. Sorts the array.
 */
void descriptors_hold(int *fds, size_t count);

#endif
