/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/features.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"

/* PROC_PID_INIT_INO, linux/proc_ns.h */
#define PID_NAMESPACE_INITIAL 0xEFFFFFFCu

bool features_btf(void)
{
	return access("/sys/kernel/btf/vmlinux", R_OK) == 0;
}

bool features_initial_pids(void)
{
	struct stat st;

	return stat("/proc/self/ns/pid", &st) < 0 || st.st_ino == PID_NAMESPACE_INITIAL;
}

bool features_locked_down(void)
{
	_cleanup_close_ int fd = open("/sys/kernel/security/lockdown", O_RDONLY | O_CLOEXEC);
	char text[128];
	ssize_t size;

	if (fd < 0)
		return false;
	size = fd_read_all(fd, text, sizeof(text) - 1);
	if (size < 0)
		return false;
	text[size] = '\0';
	/* All modes in a row, the one in force in brackets: "none integrity [confidentiality]". */
	return strstr(text, "[confidentiality]") != NULL;
}
