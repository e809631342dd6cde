/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of the control protocol: one parser for all that comes from the other end, and what both
 * ends need to make and read them.
 */
#ifndef SESHAT_CONTROL_MESSAGE_H
#define SESHAT_CONTROL_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

struct json_object;

/* For _cleanup_: puts the object. */
void control_message_freep(struct json_object **message);

/*
 * One packet: a JSON object, at most CONTROL_MESSAGE_MAX bytes and CONTROL_DEPTH_MAX deep, without json-c's
 * extensions (but for numbers like "1."), in strict UTF-8, and nothing behind it. *ret is the caller's, to be
 * put with json_object_put(). Returns 0, -EMSGSIZE (too long), -EBADMSG (anything else that it is not), or
 * -ENOMEM.
 */
int control_message_parse(const char *data, size_t size, struct json_object **ret);

/*
 * The message as one packet: *ret is borrowed from it until it changes. Returns 0, -EMSGSIZE (too long), or
 * -ENOMEM.
 */
int control_message_text(struct json_object *message, const char **ret, size_t *ret_size);

/*
 * Puts a value, which it takes over in any case, into an object; NULL counts as a value that could not be
 * made: `control_add(reply, "sid", json_object_new_string(sid))`. The key is copied. Returns 0 or -ENOMEM.
 */
int control_add(struct json_object *object, const char *key, struct json_object *value);

/* Any bytes: a string where they are valid UTF-8, else {"base64": "..."}. Returns 0 or -ENOMEM. */
int control_bytes_new(const char *data, size_t size, struct json_object **ret);

/* Puts the bytes of a C string into an object; NULL puts nothing. Returns 0 or -ENOMEM. */
int control_add_string(struct json_object *object, const char *key, const char *string);

/*
 * The bytes that control_bytes_new() was given: at most limit of them, and a NUL behind them. The caller
 * frees *ret. ret_size may be NULL: then a NUL among the bytes is an error too. Returns 0, -EINVAL (neither
 * a string nor {"base64"}; no base64; a NUL), -E2BIG (more than limit), or -ENOMEM.
 */
int control_bytes_get(struct json_object *value, size_t limit, char **ret, size_t *ret_size);

/*
 * A member of an object as a C string (control_bytes_get); *ret is NULL when there is none, or null.
 * Returns 0 or negative errno.
 */
int control_get_string(struct json_object *object, const char *key, size_t limit, char **ret);

/*
 * A member that is an integer from min to max. *ret is left alone when there is none. Returns 1 when there
 * was one, 0 when not, or -EINVAL.
 */
int control_get_int(struct json_object *object, const char *key, int64_t min, int64_t max,
		    int64_t *ret);

/* The errno that a name ("EPERM") stands for, positive; 0 when none does. */
int control_errno_from_name(const char *name);

/*
 * Whether a reply says that it was done. Returns 0, or the negative errno that it names (-EPROTO when it
 * names none). *ret_text (may be NULL) is then the reason in words, borrowed from the reply, and never NULL.
 */
int control_reply_error(struct json_object *reply, const char **ret_text);

#endif
