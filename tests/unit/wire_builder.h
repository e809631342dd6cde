/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Builds kernel records (bpf/wire.h) for tests: begin, the parts in any order, and the record is
 * whole at any time.
 */
#ifndef SESHAT_TESTS_WIRE_BUILDER_H
#define SESHAT_TESTS_WIRE_BUILDER_H

#include <stdint.h>
#include <string.h>

#include "bpf/wire.h"

enum {
	WB_SESSION = 7,
	WB_TIME_STEP = 1000, /* nanoseconds between two numbers */
};

struct wire_builder {
	uint32_t size;
	uint32_t reserved;
	_Alignas(8) char data[WIRE_RECORD_SIZE + 16384];
};

static inline struct wire_header *wb_header(struct wire_builder *builder)
{
	return (struct wire_header *)(void *)builder->data;
}

/* Appends bytes and padding, and keeps header.size right. */
static inline void wb_append(struct wire_builder *builder, const void *data, size_t size)
{
	size_t padded = (size + 7) & ~(size_t)7;

	memset(builder->data + builder->size, 0, padded);
	if (size > 0)
		memcpy(builder->data + builder->size, data, size);
	builder->size += (uint32_t)padded;
	wb_header(builder)->size = builder->size;
}

/* Begins a record of session WB_SESSION by task 4711; time goes with the number. */
static inline void wb_begin(struct wire_builder *builder, enum wire_kind kind, uint64_t number,
			    const void *fixed, size_t size)
{
	struct wire_header header = {
		.kind = (uint16_t)kind,
		.session = WB_SESSION,
		.number = number,
		.time = 5000000000 + number * WB_TIME_STEP,
		.task = {
			.pid = 4711, .tid = 4711, .ppid = 4700, .uid = 1000, .euid = 1001, .gid = 100,
			.auid = 4294967295, .audit_session = 4294967295, .cgroup_id = 11873,
			.image = { 0xabc, 0xdef }, .comm = "sh",
		},
	};

	builder->size = 0;
	wb_append(builder, &header, sizeof(header));
	wb_append(builder, fixed, size);
}

static inline void wb_part(struct wire_builder *builder, enum wire_part_type type, uint16_t flags,
			   const void *data, size_t size)
{
	struct wire_part part = { .type = (uint16_t)type, .flags = flags, .size = (uint32_t)size };

	wb_append(builder, &part, sizeof(part));
	wb_append(builder, data, size);
}

static inline void wb_string(struct wire_builder *builder, enum wire_part_type type,
			     const char *string)
{
	wb_part(builder, type, 0, string, strlen(string));
}

/* A path that the kernel walked: in that mount namespace (0: the host's), with enum wire_part_flags. */
static inline void wb_place(struct wire_builder *builder, enum wire_part_type type,
			    const char *path, uint32_t mount_ns, uint16_t flags)
{
	struct wire_part part = {
		.type = (uint16_t)type,
		.flags = flags,
		.size = (uint32_t)strlen(path),
		.mount_ns = mount_ns,
	};

	wb_append(builder, &part, sizeof(part));
	wb_append(builder, path, strlen(path));
}

/* A continuation of the record of that number. */
static inline void wb_more(struct wire_builder *builder, uint64_t number, uint32_t index,
			   uint16_t flags, const void *data, size_t size)
{
	struct wire_more more = {
		.type = WIRE_PART_ARGS, .flags = flags, .index = index, .bytes = (uint32_t)size
	};

	wb_begin(builder, WIRE_MORE, number, &more, sizeof(more));
	wb_append(builder, data, size);
}

/* The records that tests use most. */
static inline void wb_open(struct wire_builder *builder, uint64_t number, const char *path,
			   const char *request)
{
	struct wire_open open = {
		.return_code = 3, .inode = 1837211, .flags = 02000000, .dev = 8 << 20 | 1
	};

	wb_begin(builder, WIRE_OPEN, number, &open, sizeof(open));
	wb_string(builder, WIRE_PART_PATH, path);
	wb_string(builder, WIRE_PART_REQUEST, request);
}

static inline void wb_image(struct wire_builder *builder, const char *path)
{
	struct wire_image image = { .inode = 12, .dev = 8 << 20 | 1 };

	wb_begin(builder, WIRE_IMAGE, 0, &image, sizeof(image));
	wb_string(builder, WIRE_PART_PATH, path);
}

#endif
