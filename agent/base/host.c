/* SPDX-License-Identifier: Apache-2.0 */
#include "base/host.h"

#include <errno.h>
#include <string.h>
#include <systemd/sd-id128.h>
#include <unistd.h>

/* Seshat's own, made with "systemd-id128 new": the ids that it publishes are no other program's. */
static const sd_id128_t application =
	SD_ID128_MAKE(5e, 5a, a7, c3, 1d, 0b, 4f, 9e, 8a, 72, c6, 44, 0e, 9b, 61, f8);

int host_identify(struct host *ret)
{
	struct host host = { 0 };
	sd_id128_t id;
	int r;

	if (gethostname(host.name, sizeof(host.name) - 1) < 0)
		return -errno;
	r = sd_id128_get_machine_app_specific(application, &id);
	if (r < 0)
		r = sd_id128_get_boot_app_specific(application, &id);
	if (r < 0)
		return r;
	sd_id128_to_string(id, host.id);
	*ret = host;
	return 0;
}
