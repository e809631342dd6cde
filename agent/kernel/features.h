/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of this kernel's state decides whether probes can be loaded at all.
 */
#ifndef SESHAT_KERNEL_FEATURES_H
#define SESHAT_KERNEL_FEATURES_H

#include <stdbool.h>

/* Has the kernel its own type information (CONFIG_DEBUG_INFO_BTF), which the probes are fitted to? */
bool features_btf(void);

/*
 * Does kernel lockdown forbid BPF to read kernel memory? That is "confidentiality", see kernel_lockdown(7);
 * "integrity" allows it. False too where the state cannot be read.
 */
bool features_locked_down(void);

/* Are pids here those of the initial pid namespace, as in kernel records? True too where that cannot be told. */
bool features_initial_pids(void);

#endif
