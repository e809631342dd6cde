/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a fuzzer is: one function that takes any bytes and must not fail. libFuzzer calls it, or
 * driver.c.
 */
#ifndef SESHAT_TESTS_FUZZ_H
#define SESHAT_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Returns 0. A finding ends the program. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold: ends the program with the place when it does not. */
#define FUZZ_CHECK(condition)                                                                     \
	do {                                                                                      \
		if (!(condition)) {                                                               \
			fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition); \
			abort();                                                                  \
		}                                                                                 \
	} while (0)

#endif
