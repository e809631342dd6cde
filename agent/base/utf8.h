/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strict UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF.
 */
#ifndef SESHAT_BASE_UTF8_H
#define SESHAT_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Decodes the sequence that text (size bytes, at least 1) begins with. Returns its length, 1 to 4,
 * and sets *ret_point; or 0 when the first byte is part of no valid sequence that begins there.
 */
size_t utf8_decode(const char *text, size_t size, uint32_t *ret_point);

/* Is all of it valid? */
bool utf8_valid(const char *text, size_t size);

/*
 * Could this code point play with a terminal or with a reader's eyes? C0 and C1 controls, DEL, line
 * and paragraph separators, bidirectional controls.
 */
bool utf8_unsafe(uint32_t point);

#endif
