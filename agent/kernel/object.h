/* SPDX-License-Identifier: Apache-2.0 */
/* The BPF objects that are built into the program: the same probes for different kernels. */
#ifndef SESHAT_KERNEL_OBJECT_H
#define SESHAT_KERNEL_OBJECT_H

#include <stddef.h>

/* An ELF image, constant, *ret_size bytes; that with the lowest index is the best where it loads. NULL: there are no more. */
const void *object_builtin(size_t index, size_t *ret_size);

#endif
