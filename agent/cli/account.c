/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/account.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"

/* A file of /proc/self that holds one number; absent without CONFIG_AUDIT. */
static uint32_t read_number(const char *path)
{
	char text[16];

	if (fd_read_text(path, text, sizeof(text)) <= 0)
		return ACCOUNT_UNSET;
	return (uint32_t)strtoul(text, NULL, 10);
}

int account_login(char **ret)
{
	uint32_t uid = read_number("/proc/self/loginuid");
	const struct passwd *account;
	char *name;

	if (uid == ACCOUNT_UNSET)
		uid = getuid();
	account = getpwuid(uid);
	if (account)
		name = strdup(account->pw_name);
	else if (asprintf(&name, "%u", uid) < 0)
		name = NULL;
	if (!name)
		return -ENOMEM;
	*ret = name;
	return 0;
}

uint32_t account_audit_session(void)
{
	return read_number("/proc/self/sessionid");
}
