/* SPDX-License-Identifier: Apache-2.0 */
/* Members of JSON objects that others have written: what is not there, or of another type, reads as nothing. */
#ifndef SESHAT_CLI_REPLY_H
#define SESHAT_CLI_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"

struct json_object;

/* Borrowed; NULL when there is none, or the object is none. */
struct json_object *reply_member(struct json_object *object, const char *key);

/* 0 when it is no integer. */
int64_t reply_number(struct json_object *object, const char *key);

bool reply_true(struct json_object *object, const char *key);

/* Borrowed; no data when it is no string. */
struct bytes reply_string(struct json_object *object, const char *key);

/* The bytes of a string value; no data when it is none. */
struct bytes reply_bytes(struct json_object *value);

/* Of an array; 0 when it is none. */
size_t reply_count(struct json_object *object, const char *key);

/* An element of an array; NULL when there is none. Borrowed. */
struct json_object *reply_element(struct json_object *object, const char *key, size_t index);

#endif
