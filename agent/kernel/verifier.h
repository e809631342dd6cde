/* SPDX-License-Identifier: Apache-2.0 */
/* The verifier's log, and the one line of it that a person wants. */
#ifndef SESHAT_KERNEL_VERIFIER_H
#define SESHAT_KERNEL_VERIFIER_H

#include <stddef.h>

enum {
	VERIFIER_LOG_SIZE = 65536
}; /* of one program: the end of a longer log is kept by newer kernels, its beginning by older */

/*
 * Writes to ret, at most size bytes with the NUL, the verifier's reason: the last line of the log that is
 * no statistic, note, instruction or source line, behind the error's name. The log is modified.
 */
void verifier_reason(char *log, int error, char *ret, size_t size);

#endif
