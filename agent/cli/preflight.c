/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/preflight.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "cli/status.h"
#include "kernel/preflight.h"
#include "session/cgroup.h"

int preflight(void)
{
	static const int statuses[] = {
		[PREFLIGHT_NOT_ROOT] = STATUS_NOT_ROOT, [PREFLIGHT_CAPABILITY] = STATUS_CAPABILITY,
		[PREFLIGHT_NO_BTF] = STATUS_NO_BTF,	[PREFLIGHT_LOCKDOWN] = STATUS_LOCKDOWN,
		[PREFLIGHT_FAILED] = STATUS_FAILED,
	};
	_cleanup_free_ char *mount = NULL;
	char reason[PREFLIGHT_REASON_SIZE];
	enum preflight result = preflight_check(reason);

	if (result != PREFLIGHT_OK) {
		log_error("%s", reason);
		return statuses[result];
	}
	if (cgroup_find_mount(&mount) < 0) {
		log_error(
			"no cgroup v2 hierarchy is mounted: mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified");
		return STATUS_NO_CGROUP;
	}
	return 0;
}
