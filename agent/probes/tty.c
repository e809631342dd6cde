/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.tty: the session's terminal, once it is known.
 */
#include <string.h>

#include "probes/probes.h"

enum {
	TTY_SIZE = WIRE_PATH_SIZE + 16,
};

/* The device's file: the kernel calls a pseudo terminal "pts3", its file is /dev/pts/3. */
static void encode_tty(struct json *json, const struct probe_input *input)
{
	struct bytes name = record_bytes(input->record, WIRE_PART_NAME);
	char path[TTY_SIZE] = "/dev/";
	size_t size = strlen(path);

	if (name.size > 3 && memcmp(name.data, "pts", 3) == 0 && name.data[3] != '/') {
		memcpy(path + size, "pts/", 4);
		size += 4;
		name.data += 3;
		name.size -= 3;
	}
	if (name.size > 0)
		memcpy(path + size, name.data, name.size);
	json_string(json, "tty", (struct bytes){ .data = path, .size = size + name.size });
}

const struct probe probe_tty = {
	.event = "session.tty",
	.fixed_size = sizeof(struct wire_tty),
	.encode = encode_tty,
};
