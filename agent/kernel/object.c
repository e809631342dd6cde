/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/object.h"

#include "bpf/state.h"

#include <seshat.skel.h>
#include <seshat_helpers.skel.h>

const void *object_builtin(size_t index, size_t *ret_size)
{
	switch (index) {
	case 0:
		return seshat_bpf__elf_bytes(ret_size);
	case 1:
		return seshat_helpers_bpf__elf_bytes(ret_size);
	default:
		return NULL;
	}
}
