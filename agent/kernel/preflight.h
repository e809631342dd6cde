/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether auditing can work here at all, before anything is tried: the commonest reasons, in words.
 */
#ifndef SESHAT_KERNEL_PREFLIGHT_H
#define SESHAT_KERNEL_PREFLIGHT_H

enum preflight {
	PREFLIGHT_OK,
	PREFLIGHT_NOT_ROOT,
	PREFLIGHT_CAPABILITY, /* root, but without a capability that is needed */
	PREFLIGHT_NO_BTF,
	PREFLIGHT_LOCKDOWN,
	PREFLIGHT_FAILED, /* it could not be found out */
};

enum { PREFLIGHT_REASON_SIZE = 256 };

/* The first thing that stands in the way; *ret_reason (PREFLIGHT_REASON_SIZE bytes) says it in words, where there is one. */
enum preflight preflight_check(char *ret_reason);

#endif
