/* SPDX-License-Identifier: Apache-2.0 */
/* The BPF object that is built into the program. */
#ifndef SESHAT_KERNEL_OBJECT_H
#define SESHAT_KERNEL_OBJECT_H

#include <stddef.h>

/* Its ELF image, constant, *ret_size bytes. */
const void *object_builtin(size_t *ret_size);

#endif
