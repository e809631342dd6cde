/* SPDX-License-Identifier: Apache-2.0 */
/*
 * generate FOLDER: writes the hand-made *.ring files into FOLDER/replay, and what the fuzzers begin
 * with into FOLDER/fuzz/corpus. FOLDER is tests.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/bytes.h"
#include "tests/unit/wire_builder.h"

static struct wire_builder builder;
static const char *folder;

static FILE *create(const char *path)
{
	char name[512];
	FILE *file;

	snprintf(name, sizeof(name), "%s/%s", folder, path);
	file = fopen(name, "we");
	if (!file)
		err(1, "%s", name);
	return file;
}

static void finish(FILE *file)
{
	if (fclose(file) != 0)
		err(1, "cannot write");
}

/* The record that the builder holds goes to the file. */
static void put(FILE *file)
{
	if (fwrite(builder.data, builder.size, 1, file) != 1)
		err(1, "cannot write");
}

static void put_image(FILE *file)
{
	wb_image(&builder, "/usr/bin/dash");
	put(file);
}

static void put_exec(FILE *file, uint64_t number, const struct wire_exec *exec, const char *path,
		     const char *request, const char *args, size_t size)
{
	wb_begin(&builder, WIRE_EXEC, number, exec, sizeof(*exec));
	if (path)
		wb_string(&builder, WIRE_PART_PATH, path);
	wb_string(&builder, WIRE_PART_REQUEST, request);
	wb_string(&builder, WIRE_PART_CWD, "/home/alice");
	wb_part(&builder, WIRE_PART_ARGS, 0, args, size);
	put(file);
}

static void put_network(FILE *file, uint64_t number, const struct wire_network *network,
			const char *request, size_t size)
{
	wb_begin(&builder, WIRE_NETWORK, number, network, sizeof(*network));
	if (request)
		wb_part(&builder, WIRE_PART_REQUEST, 0, request, size);
	put(file);
}

/* One of each kind, as a quiet session has them. */
static void put_session(FILE *file)
{
	struct wire_tty tty = { 0 };
	struct wire_exec exec = { .inode = 1835034, .dev = 8 << 20 | 1, .argc = 3 };
	struct wire_network network = {
		.return_code = -115,
		.family = AF_INET,
		.socket_family = AF_INET,
		.type = SOCK_STREAM,
		.protocol = IPPROTO_TCP,
		.src_port = 41234,
		.dst_port = 8080,
		.flags = WIRE_NET_SRC | WIRE_NET_DST,
		.src_addr = { 192, 0, 2, 10 },
		.dst_addr = { 198, 51, 100, 7 },
	};
	struct wire_cgroup cgroup = { .from = 100, .to = 101, .mover = 1 };
	struct wire_exit exit_part = { .status = 9,
				       .start_time = 4999999000,
				       .utime = 4000000,
				       .stime = 8000000,
				       .cpu_time = 9000000 };

	put_image(file);
	wb_begin(&builder, WIRE_TTY, 1, &tty, sizeof(tty));
	wb_string(&builder, WIRE_PART_NAME, "pts0");
	put(file);
	put_exec(file, 2, &exec, "/usr/bin/curl", "/bin/curl", "curl\0-s\0http://x/\0", 18);
	wb_open(&builder, 3, "/usr/lib/x86_64-linux-gnu/libcurl.so.4.8.0",
		"/lib/x86_64-linux-gnu/libcurl.so.4");
	put(file);
	put_network(file, 4, &network, NULL, 0);
	wb_begin(&builder, WIRE_CGROUP, 5, &cgroup, sizeof(cgroup));
	wb_string(&builder, WIRE_PART_PATH, "/system.slice");
	put(file);
	wb_begin(&builder, WIRE_EXIT, 6, &exit_part, sizeof(exit_part));
	put(file);
}

/* What failed, and what could not be read. */
static void put_failures(FILE *file)
{
	struct wire_exec missing = { .return_code = -2, .argc = 1 };
	struct wire_exec script = { .flags = WIRE_EXEC_SCRIPT, .argc = 2 };
	struct wire_open created = { .return_code = -17,
				     .flags = O_RDWR | O_CREAT | O_EXCL | 0x8000000,
				     .mode = 0600 };
	struct wire_open unreadable = { .return_code = -14, .notes = WIRE_OPEN_UNKNOWN };
	struct wire_network abstract = {
		.return_code = -111,
		.family = AF_UNIX,
		.socket_family = AF_UNIX,
		.type = SOCK_STREAM,
		.flags = WIRE_NET_ABSTRACT,
	};
	struct wire_network odd = { .return_code = -97,
				    .family = 12345,
				    .socket_family = AF_INET,
				    .type = SOCK_DGRAM,
				    .protocol = IPPROTO_UDP };

	put_image(file);
	put_exec(file, 1, &missing, NULL, "./none", "none", 5);
	put_exec(file, 2, &script, "/usr/bin/dash", "./run", "/bin/sh\0./run", 14);
	wb_begin(&builder, WIRE_OPEN, 3, &created, sizeof(created));
	wb_string(&builder, WIRE_PART_REQUEST, "lock");
	wb_string(&builder, WIRE_PART_BASE, "/run/lock");
	put(file);
	wb_begin(&builder, WIRE_OPEN, 4, &unreadable, sizeof(unreadable));
	wb_part(&builder, WIRE_PART_REQUEST, WIRE_PART_UNREADABLE, NULL, 0);
	put(file);
	put_network(file, 5, &abstract, "\0/tmp/.X11-unix/X0", 18);
	put_network(file, 6, &odd, NULL, 0);
}

/* Arguments in pieces, of two tasks at once; the end of a third one's was lost. */
static void put_arguments(FILE *file)
{
	struct wire_exec exec = { .argc = 2, .inode = 3 };

	for (uint64_t number = 1; number <= 3; number++) {
		wb_begin(&builder, WIRE_EXEC, number, &exec, sizeof(exec));
		wb_header(&builder)->task.tid = (uint32_t)number;
		wb_string(&builder, WIRE_PART_PATH, "/bin/echo");
		wb_part(&builder, WIRE_PART_ARGS, WIRE_PART_MORE, "echo\0a", 6);
		put(file);
	}
	wb_more(&builder, 2, 1, 0, "bc", 2);
	put(file);
	wb_more(&builder, 1, 1, WIRE_MORE_LAST, "xyz", 4);
	put(file);
	wb_more(&builder, 2, 2, WIRE_MORE_LAST | WIRE_MORE_UNREADABLE, "d", 1);
	put(file);
	wb_more(&builder, 3, 2, WIRE_MORE_LAST, "lost", 5);
	put(file);
}

/* Names that want to do harm, bytes that are no record, numbers that are missing. */
static void put_hostile(FILE *file)
{
	struct wire_exec exec = { .argc = 2, .inode = 3 };

	put_exec(file, 1, &exec, "/tmp/\"}\n{\"event\":\"x", "/tmp/\xff\xfe",
		 "\xc0\x80\0\x1b]0;x\x07", 9);
	wb_open(&builder, 2, "/tmp/\xe2\x80\xaegpj.exe", "/tmp/\xed\xa0\x80");
	memcpy(wb_header(&builder)->task.comm,
	       "\x9b"
	       "31m",
	       5);
	put(file);
	wb_open(&builder, 3, "/x", "/x");
	wb_string(&builder, WIRE_PART_PATH, "/twice");
	put(file);
	wb_open(&builder, 7, "/x", "/x");
	put(file);
	wb_open(&builder, 5, "/late", "/late");
	put(file);
	wb_header(&builder)->kind = 999;
	put(file);
}

static const struct {
	const char *name;
	void (*put)(FILE *file);
} rings[] = {
	{ "session", put_session },
	{ "failures", put_failures },
	{ "arguments", put_arguments },
	{ "hostile", put_hostile },
};

static void write_rings(const char *place, const char *suffix)
{
	for (size_t i = 0; i < ARRAY_SIZE(rings); i++) {
		char name[256];
		FILE *file;

		snprintf(name, sizeof(name), "%s/%s%s", place, rings[i].name, suffix);
		file = create(name);
		rings[i].put(file);
		finish(file);
	}
}

/* Each record of the rings in a file of its own. */
static void write_records(void)
{
	static char data[65536];
	size_t count = 0, size, at = 0;
	FILE *all = tmpfile();

	if (!all)
		err(1, "tmpfile");
	for (size_t i = 0; i < ARRAY_SIZE(rings); i++)
		rings[i].put(all);
	rewind(all);
	size = fread(data, 1, sizeof(data), all);
	fclose(all);
	while (at < size) {
		struct wire_header header;
		char name[64];
		FILE *file;

		memcpy(&header, data + at, sizeof(header));
		snprintf(name, sizeof(name), "fuzz/corpus/record/%02zu", ++count);
		file = create(name);
		if (fwrite(data + at, header.size, 1, file) != 1)
			err(1, "cannot write");
		finish(file);
		at += header.size;
	}
}

static void write_bytes(const char *path, const char *bytes, size_t size)
{
	FILE *file = create(path);

	if (fwrite(bytes, 1, size, file) != size)
		err(1, "cannot write");
	finish(file);
}

static void write_strings(void)
{
	static const struct bytes strings[] = {
		{ "", 0 },
		{ "/usr/lib/x86_64-linux-gnu/libc.so.6", 35 },
		{ "\x1b[31m\"\\\n\0", 9 },
		{ "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 9 },
		{ "\xc0\x80\xed\xa0\x80\xf4\x90\x80\x80\xff\x80\xe2\x82", 13 },
		{ "\xe2\x80\xae\xc2\x9b\xd8\x9c\xe2\x81\xa6", 10 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(strings); i++) {
		char name[64];

		snprintf(name, sizeof(name), "fuzz/corpus/utf8/%02zu", i + 1);
		write_bytes(name, strings[i].data, strings[i].size);
	}
}

/* Orders of fuzz_reassemble.c: what to do, for which task. */
static void write_orders(void)
{
	write_bytes("fuzz/corpus/reassemble/whole", "\0\0\2\0\4\0\4\0", 8);
	write_bytes("fuzz/corpus/reassemble/mixed", "\0\1\0\2\2\1\2\2\4\2\4\1", 12);
	write_bytes("fuzz/corpus/reassemble/lost", "\0\1\5\1\0\2\6\2\0\3\7\3", 12);
	write_bytes("fuzz/corpus/reassemble/full",
		    "\0\1\2\1\2\1\0\2\2\2\2\2\0\3\2\3\2\3\2\3\4\1\4\2\4\3\0", 27);
}

static void create_folder(const char *path)
{
	char name[512];

	snprintf(name, sizeof(name), "%s/%s", folder, path);
	if (mkdir(name, 0755) < 0 && errno != EEXIST)
		err(1, "%s", name);
}

int main(int argc, char **argv)
{
	if (argc != 2)
		errx(2, "usage: generate FOLDER");
	folder = argv[1];
	create_folder("fuzz/corpus");
	create_folder("fuzz/corpus/record");
	create_folder("fuzz/corpus/pipeline");
	create_folder("fuzz/corpus/utf8");
	create_folder("fuzz/corpus/reassemble");
	write_rings("replay", ".ring");
	write_rings("fuzz/corpus/pipeline", "");
	write_records();
	write_strings();
	write_orders();
	return 0;
}
