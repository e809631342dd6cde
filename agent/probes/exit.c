/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session.exit: the last thread of a process ended.
 */
#include "probes/probes.h"
#include "record/names.h"

enum {
	STATUS_SIGNAL = 0x7f, /* as wait(2) has it */
	STATUS_CORE = 0x80,
	STATUS_CODE_SHIFT = 8,
	STATUS_CODE = 0xff,
};

/*
 * The exact time, split in the ratio of the sampled ones: as the kernel's cputime_adjust() does it.
 */
static void split_cpu_time(const struct wire_exit *exit, uint64_t *ret_utime, uint64_t *ret_stime)
{
	unsigned __int128 sum = (unsigned __int128)exit->utime + exit->stime;
	uint64_t stime;

	if (exit->stime == 0)
		stime = 0;
	else if (exit->utime == 0)
		stime = exit->cpu_time;
	else
		stime = (uint64_t)((unsigned __int128)exit->cpu_time * exit->stime / sum);
	*ret_stime = stime;
	*ret_utime = exit->cpu_time - stime;
}

static void encode_status(struct json *json, uint32_t status)
{
	uint32_t number = status & STATUS_SIGNAL;
	char name[NAMES_SIGNAL_SIZE];

	if (number == 0) {
		json_uint(json, "exit_code", status >> STATUS_CODE_SHIFT & STATUS_CODE);
		return;
	}
	names_signal(number, name);
	json_uint(json, "signal", number);
	json_plain(json, "signal_name", name);
	json_boolean(json, "core_dumped", status & STATUS_CORE);
}

static void encode_exit(struct json *json, const struct probe_input *input)
{
	const struct wire_exit *exit = input->record->exit;
	uint64_t end = input->record->header->time, utime, stime;

	encode_status(json, exit->status);
	split_cpu_time(exit, &utime, &stime);
	json_uint(json, "runtime_ns", end > exit->start_time ? end - exit->start_time : 0);
	json_uint(json, "utime_ns", utime);
	json_uint(json, "stime_ns", stime);
}

const struct probe probe_exit = {
	.event = "session.exit",
	.fixed_size = sizeof(struct wire_exit),
	.encode = encode_exit,
};
