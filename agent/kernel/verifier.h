/* SPDX-License-Identifier: Apache-2.0 */
/* The verifier's log, and the one line of it that a person wants. */
#ifndef SESHAT_KERNEL_VERIFIER_H
#define SESHAT_KERNEL_VERIFIER_H

#include <stddef.h>

enum {
	/* of one program: of a longer log newer kernels keep the end, older ones the beginning */
	VERIFIER_LOG_SIZE = 1 << 20,
};

/*
 * Writes to ret, at most size bytes with the NUL, the verifier's reason: the last line of the log that is
 * no statistic, note, instruction or source line, behind the error's name. The log is modified.
 */
void verifier_reason(char *log, int error, char *ret, size_t size);

#endif
