/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What /proc tells of a process.
 */
#ifndef SESHAT_ENRICH_PROC_H
#define SESHAT_ENRICH_PROC_H

#include <stddef.h>
#include <stdint.h>

/*
 * The path of the executable that the process runs now, without the " (deleted)" that the kernel
 * adds to an unlinked one. Writes up to size bytes without a final NUL; returns their number, or
 * negative errno (-ENAMETOOLONG when it does not fit).
 */
int proc_exe_path(uint32_t pid, char *buf, size_t size);

#endif
