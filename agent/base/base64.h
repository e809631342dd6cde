/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Base64 (RFC 4648), with padding.
 */
#ifndef SESHAT_BASE_BASE64_H
#define SESHAT_BASE_BASE64_H

#include <stddef.h>

#include "base/bytes.h"

/* The characters that so many bytes become. */
static inline size_t base64_size(size_t size)
{
	return (size + 2) / 3 * 4;
}

/* Writes them at `at`, without a final NUL. Returns the end of what was written. */
char *base64_encode(char *at, struct bytes value);

/*
 * The bytes that the text stands for, and a NUL behind them; the caller frees *ret. Strict: nothing but
 * the alphabet, whole groups of four, padding at the end only, no bits set that mean nothing. Returns 0,
 * -EINVAL, or -ENOMEM.
 */
int base64_decode(struct bytes text, char **ret, size_t *ret_size);

#endif
