/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this process may do (capabilities(7)).
 */
#ifndef SESHAT_BASE_CAPS_H
#define SESHAT_BASE_CAPS_H

/*
 * The first capability that auditing needs and this process does not have in effect, as a name ("cap_bpf"):
 * *ret is a constant, or NULL when none is missing. Returns 0 or negative errno.
 */
int caps_missing(const char **ret);

#endif
