/* SPDX-License-Identifier: GPL-2.0-only */
/* All probes once more, for kernels before 6.2, which have none of the functions that they call. */
#define SESHAT_HELPERS

#include "seshat.bpf.c"
