/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of /proc and of cgroups that list process ids.
 */
#ifndef SESHAT_BASE_PIDS_H
#define SESHAT_BASE_PIDS_H

#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

/* The next number in the file; false at its end. */
bool pids_next(FILE *file, pid_t *ret);

#endif
