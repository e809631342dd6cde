/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random UUIDs (RFC 9562, version 4).
 */
#ifndef SESHAT_BASE_UUID_H
#define SESHAT_BASE_UUID_H

enum {
	UUID_SIZE = 37, /* 36 characters and a NUL */
};

/* Writes "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx". Returns 0 or negative errno. */
int uuid_generate(char ret[UUID_SIZE]);

#endif
