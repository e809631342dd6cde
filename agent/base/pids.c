/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pids.h"

#include <stdlib.h>

bool pids_next(FILE *file, pid_t *ret)
{
	char word[16]; /* a pid has seven digits at the most */

	if (fscanf(file, "%15s", word) != 1)
		return false;
	*ret = (pid_t)strtol(word, NULL, 10);
	return *ret > 0;
}
