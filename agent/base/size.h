/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes and durations as a person writes them. */
#ifndef SESHAT_BASE_SIZE_H
#define SESHAT_BASE_SIZE_H

#include <stddef.h>
#include <stdint.h>

enum {
	SIZE_TEXT_SIZE = 24, /* the longest text of either kind, and a NUL */
};

/*
 * Reads a number of bytes with an optional K, M, G or T (powers of 1024). Returns 0; -EINVAL when it is no such number;
 * -ERANGE when it is below min or above max.
 */
int size_parse(const char *text, uint64_t min, uint64_t max, uint64_t *ret);

/* The same for a power of two; -EINVAL for other numbers. */
int size_parse_power(const char *text, size_t min, size_t max, size_t *ret);

/* Writes it as size_parse reads it, with the largest unit that is exact. */
void size_format(char ret[SIZE_TEXT_SIZE], uint64_t size);

/*
 * Reads a number with s, m, h or d behind it; 0 needs no unit. Returns 0 and the milliseconds; -EINVAL when it is no such
 * duration; -ERANGE when it is below min or above max (milliseconds).
 */
int duration_parse(const char *text, uint64_t min, uint64_t max, uint64_t *ret);

/* Writes it as duration_parse reads it, with the largest unit that is exact; parts of a second are left out. */
void duration_format(char ret[SIZE_TEXT_SIZE], uint64_t milliseconds);

#endif
