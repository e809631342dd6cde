/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/preflight.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/caps.h"
#include "kernel/features.h"

static enum preflight check_rights(char *ret_reason)
{
	const char *missing = NULL;
	int r = caps_missing(&missing);

	if (r < 0) {
		(void)snprintf(ret_reason, PREFLIGHT_REASON_SIZE,
			       "cannot read the capabilities of this process: %s", strerror(-r));
		return PREFLIGHT_FAILED;
	}
	if (missing && geteuid() != 0) {
		(void)snprintf(ret_reason, PREFLIGHT_REASON_SIZE,
			       "auditing needs root: run it with sudo");
		return PREFLIGHT_NOT_ROOT;
	}
	if (missing) {
		(void)snprintf(
			ret_reason, PREFLIGHT_REASON_SIZE,
			"the capability %s is missing: root alone is not enough in this container or service",
			missing);
		return PREFLIGHT_CAPABILITY;
	}
	return PREFLIGHT_OK;
}

enum preflight preflight_check(char *ret_reason)
{
	enum preflight rights = check_rights(ret_reason);

	if (rights != PREFLIGHT_OK)
		return rights;
	if (!features_btf()) {
		(void)snprintf(
			ret_reason, PREFLIGHT_REASON_SIZE,
			"the kernel has no type information (/sys/kernel/btf/vmlinux): it must be built with CONFIG_DEBUG_INFO_BTF=y");
		return PREFLIGHT_NO_BTF;
	}
	if (features_locked_down()) {
		(void)snprintf(
			ret_reason, PREFLIGHT_REASON_SIZE,
			"kernel lockdown is \"confidentiality\", which forbids BPF to read kernel memory: boot with lockdown=integrity");
		return PREFLIGHT_LOCKDOWN;
	}
	return PREFLIGHT_OK;
}
