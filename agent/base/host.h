/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which machine this is.
 */
#ifndef SESHAT_BASE_HOST_H
#define SESHAT_BASE_HOST_H

enum {
	HOST_NAME_SIZE = 65, /* HOST_NAME_MAX and a NUL */
	HOST_ID_SIZE = 33,   /* 32 hexadecimal digits and a NUL */
};

struct host {
	char name[HOST_NAME_SIZE];
	char id[HOST_ID_SIZE];
};

/*
 * The host name, and an id that is derived from the machine id (which itself must not be published:
 * machine-id(5)), or from the boot id where there is no machine id. Returns 0 or negative errno.
 */
int host_identify(struct host *ret);

#endif
