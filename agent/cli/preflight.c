/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/preflight.h"

#include <string.h>
#include <unistd.h>

#include "base/caps.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "cli/status.h"
#include "kernel/features.h"
#include "session/cgroup.h"

static int check_rights(void)
{
	const char *missing = NULL;
	int r = caps_missing(&missing);

	if (r < 0) {
		log_error("cannot read the capabilities of this process: %s", strerror(-r));
		return STATUS_FAILED;
	}
	if (missing && geteuid() != 0) {
		log_error("auditing needs root: run it with sudo");
		return STATUS_NOT_ROOT;
	}
	if (missing) {
		log_error(
			"the capability %s is missing: root alone is not enough in this container or service",
			missing);
		return STATUS_CAPABILITY;
	}
	return 0;
}

static int check_kernel(void)
{
	_cleanup_free_ char *mount = NULL;
	int r;

	if (!features_btf()) {
		log_error("the kernel has no type information (/sys/kernel/btf/vmlinux): "
			  "it must be built with CONFIG_DEBUG_INFO_BTF=y");
		return STATUS_NO_BTF;
	}
	if (features_locked_down()) {
		log_error(
			"kernel lockdown is \"confidentiality\", which forbids BPF to read kernel memory: "
			"boot with lockdown=integrity");
		return STATUS_LOCKDOWN;
	}
	r = cgroup_find_mount(&mount);
	if (r < 0) {
		log_error(
			"no cgroup v2 hierarchy is mounted: mount -t cgroup2 cgroup2 /sys/fs/cgroup/unified");
		return STATUS_NO_CGROUP;
	}
	return 0;
}

int preflight(void)
{
	int status = check_rights();

	return status ? status : check_kernel();
}
