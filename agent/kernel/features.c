/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/features.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

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
	char text[128];

	if (fd_read_text("/sys/kernel/security/lockdown", text, sizeof(text)) < 0)
		return false;
	/* All modes in a row, the one in force in brackets: "none integrity [confidentiality]". */
	return strstr(text, "[confidentiality]") != NULL;
}
