/* SPDX-License-Identifier: Apache-2.0 */
#include "base/caps.h"

#include <errno.h>
#include <stddef.h>
#include <sys/capability.h>

static const struct {
	cap_value_t value;
	const char *name;
} NEEDED[] = {
	{ CAP_BPF, "cap_bpf" },		      /* load programs, make maps */
	{ CAP_PERFMON, "cap_perfmon" },	      /* programs that read kernel memory */
	{ CAP_NET_ADMIN, "cap_net_admin" },   /* sock_addr programs on a cgroup */
	{ CAP_SYS_PTRACE, "cap_sys_ptrace" }, /* /proc/PID/exe of other users' processes */
	{ CAP_DAC_OVERRIDE,
	  "cap_dac_override" }, /* a cgroup below a root that nobody may write to */
	{ CAP_DAC_READ_SEARCH, "cap_dac_read_search" }, /* a cgroup by its handle */
};

int caps_missing(const char **ret)
{
	cap_t caps = cap_get_proc();
	cap_flag_value_t set = CAP_CLEAR;
	const char *missing = NULL;
	int r = 0;

	if (!caps)
		return -errno;
	for (size_t i = 0; !missing && i < sizeof(NEEDED) / sizeof(NEEDED[0]); i++) {
		if (cap_get_flag(caps, NEEDED[i].value, CAP_EFFECTIVE, &set) < 0) {
			r = -errno;
			break;
		}
		if (set != CAP_SET)
			missing = NEEDED[i].name;
	}
	cap_free(caps);
	if (r == 0)
		*ret = missing;
	return r;
}
