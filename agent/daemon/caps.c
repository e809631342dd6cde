/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/caps.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/capability.h>
#include <sys/prctl.h>

#include "base/cleanup.h"

const struct daemon_cap daemon_caps_kept[DAEMON_CAPS_KEPT] = {
	{ "cap_bpf", "attach and detach the probes, read and change their maps" },
	{ "cap_perfmon", "attach probes that read the kernel's memory" },
	{ "cap_net_admin", "attach the network probes to the root of the cgroups" },
	{ "cap_sys_ptrace", "read what /proc tells of other users' processes" },
	{ "cap_dac_override", "make and remove cgroups, write logs, below directories of others" },
	{ "cap_dac_read_search", "open cgroups and files by their handles" },
	/* cpuset_can_attach() asks, for a task with capabilities that the agent has not, on kernels such as 6.1 */
	{ "cap_sys_nice", "move a login between cgroups that cpuset tells apart" },
};

static void caps_freep(cap_t *caps)
{
	if (*caps)
		(void)cap_free(*caps);
}

/* One more in the set: of what is there already. */
static int keep_one(cap_t caps, cap_t now, cap_value_t value)
{
	cap_flag_value_t held = CAP_CLEAR;

	if (cap_get_flag(now, value, CAP_PERMITTED, &held) < 0)
		return -errno;
	if (held == CAP_CLEAR)
		return 0;
	if (cap_set_flag(caps, CAP_PERMITTED, 1, &value, CAP_SET) < 0 ||
	    cap_set_flag(caps, CAP_EFFECTIVE, 1, &value, CAP_SET) < 0)
		return -errno;
	return 0;
}

/* What is left in the end. The caller frees *ret. */
static int make_kept(cap_t *ret)
{
	_cleanup_(caps_freep) cap_t now = cap_get_proc(), caps = cap_init();
	cap_value_t value;
	int r;

	if (!now || !caps)
		return -errno;
	for (size_t i = 0; i < DAEMON_CAPS_KEPT; i++) {
		if (cap_from_name(daemon_caps_kept[i].name, &value) < 0)
			return -errno;
		r = keep_one(caps, now, value);
		if (r < 0)
			return r;
	}
	*ret = caps;
	caps = NULL;
	return 0;
}

/* The bounding set is what an exec could give back. */
static int reduce_bounding(cap_t kept)
{
	for (cap_value_t value = 0; cap_get_bound(value) >= 0; value++) {
		cap_flag_value_t keep = CAP_CLEAR;

		(void)cap_get_flag(kept, value, CAP_PERMITTED, &keep); /* libcap may know fewer */
		if (keep == CAP_CLEAR && cap_get_bound(value) > 0 && cap_drop_bound(value) < 0)
			return -errno;
	}
	return 0;
}

int daemon_caps_drop(void)
{
	_cleanup_(caps_freep) cap_t kept = NULL;
	int r;

	r = make_kept(&kept);
	if (r < 0)
		return r;
	r = reduce_bounding(kept); /* as long as that is allowed */
	if (r < 0)
		return r;
	if (cap_reset_ambient() < 0 || cap_set_proc(kept) < 0)
		return -errno;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ? -errno : 0;
}

/* The caller frees it; NULL: no memory. */
static char *name_of(cap_value_t value)
{
	char *known = cap_to_name(value), *copy = NULL; /* a number where there is no name */

	if (!known || asprintf(&copy, "%s", known) < 0)
		copy = NULL;
	(void)cap_free(known);
	return copy;
}

int daemon_caps_list(char *ret[DAEMON_CAPS_MAX])
{
	_cleanup_(caps_freep) cap_t caps = cap_get_proc();
	char *names[DAEMON_CAPS_MAX];
	int count = 0;

	if (!caps)
		return -errno;
	for (cap_value_t value = 0; value < DAEMON_CAPS_MAX; value++) {
		cap_flag_value_t set = CAP_CLEAR;

		if (cap_get_flag(caps, value, CAP_EFFECTIVE, &set) < 0 || set == CAP_CLEAR)
			continue;
		names[count] = name_of(value);
		if (!names[count]) {
			while (count > 0)
				free(names[--count]);
			return -ENOMEM;
		}
		count++;
	}
	for (int i = 0; i < count; i++)
		ret[i] = names[i];
	return count;
}
