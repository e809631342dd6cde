/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/places.h"

#include <sys/stat.h>

/* The number of a namespace, as in /proc/PID/ns (namespaces(7)). */
static __u32 namespace_number(const char *path)
{
	struct stat st;

	return stat(path, &st) < 0 ? 0 : (__u32)st.st_ino;
}

void places_fill(struct control *control)
{
	control->mount_ns[0] = namespace_number("/proc/1/ns/mnt");
	control->mount_ns[1] = namespace_number("/proc/self/ns/mnt");
	control->net_ns[0] = namespace_number("/proc/1/ns/net");
	control->net_ns[1] = namespace_number("/proc/self/ns/net");
}
