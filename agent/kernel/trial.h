/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Has the kernel a hook? Found out with programs of two instructions: that costs next to nothing, where a program that is
 * loaded in vain costs what a good one does.
 */
#ifndef SESHAT_KERNEL_TRIAL_H
#define SESHAT_KERNEL_TRIAL_H

#include <stddef.h>

/* Of sock_addr programs, enum bpf_attach_type. Returns 0 also where that cannot be told, or -EOPNOTSUPP. */
int trial_attach_type(int type);

/* A tracepoint with so many arguments, or more. Returns 0 also where that cannot be told, or what the kernel said. */
int trial_tracepoint(const char *name, size_t arguments);

#endif
