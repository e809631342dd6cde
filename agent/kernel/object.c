/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/object.h"

#include "bpf/state.h"

#include <seshat.skel.h>

const void *object_builtin(size_t *ret_size)
{
	return seshat_bpf__elf_bytes(ret_size);
}
