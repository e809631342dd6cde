/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes as a person writes them. */
#ifndef SESHAT_CLI_SIZE_H
#define SESHAT_CLI_SIZE_H

#include <stddef.h>

/*
 * Reads a number of bytes with an optional K, M or G (powers of 1024). Returns 0; -EINVAL when it is no such number,
 * or no power of two; -ERANGE when it is below min or above max.
 */
int size_parse(const char *text, size_t min, size_t max, size_t *ret);

#endif
