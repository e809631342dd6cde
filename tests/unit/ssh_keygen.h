/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keys and certificates of the real ssh-keygen(1), in a folder of the test's own.
 */
#ifndef SESHAT_TESTS_SSH_KEYGEN_H
#define SESHAT_TESTS_SSH_KEYGEN_H

#include "check.h"

#include <sys/wait.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/cleanup.h"

static char keygen_folder[64];

/* Runs a command of the shell in the folder. Returns its output; the caller frees it. */
static inline char *keygen_run(const char *format, ...) __attribute__((format(printf, 1, 2)));

static inline char *keygen_run(const char *format, ...)
{
	char command[2048], *output = calloc(1, 65536);
	va_list arguments;
	size_t used;
	FILE *pipe;

	assert_non_null(output);
	used = (size_t)snprintf(command, sizeof(command), "exec 2>&1; cd %s && export TZ=UTC && ",
				keygen_folder);
	va_start(arguments, format);
	used += (size_t)vsnprintf(command + used, sizeof(command) - used, format, arguments);
	va_end(arguments);
	assert_true(used < sizeof(command));
	pipe = popen(command, "re");
	assert_non_null(pipe);
	used = fread(output, 1, 65535, pipe);
	if (pclose(pipe) != 0)
		fail_msg("%s: %.*s", command, (int)used, output);
	return output;
}

/* The same, when its output does not matter. */
#define keygen_do(...) free(keygen_run(__VA_ARGS__))

/* Everything there is, in the folder: NAME, NAME.pub. */
static inline void keygen_make(const char *name, const char *type, const char *more)
{
	keygen_do("ssh-keygen -q -t %s %s -N '' -C '' -f %s", type, more, name);
}

static inline int keygen_setup(void **state)
{
	(void)state;
	strcpy(keygen_folder, "/tmp/seshat-test-XXXXXX");
	if (!mkdtemp(keygen_folder))
		return -1;
	if (system("command -v ssh-keygen >/dev/null") != 0)
		return -1;
	keygen_make("ca", "ed25519", "");
	keygen_make("ca-rsa", "rsa", "-b 2048");
	return 0;
}

static inline int keygen_teardown(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", keygen_folder);
	return system(command);
}

/* The line of a public key's file without its comment: "TYPE BASE64". The caller frees it. */
static inline char *keygen_line(const char *name)
{
	char *line = keygen_run("cut -d' ' -f1,2 %s", name);

	line[strcspn(line, "\n")] = '\0';
	return line;
}

/* The blob in such a line. The caller frees it. */
static inline char *keygen_blob(const char *line, size_t *ret_size)
{
	const char *text = strchr(line, ' ');
	char *blob = NULL;

	assert_non_null(text);
	assert_int_equal(base64_decode(bytes_of(text + 1), &blob, ret_size), 0);
	return blob;
}

/* What ssh-keygen -l says of it. The caller frees it. */
static inline char *keygen_fingerprint(const char *name)
{
	char *text = keygen_run("ssh-keygen -l -f %s | cut -d' ' -f2", name);

	text[strcspn(text, "\n")] = '\0';
	return text;
}

#endif
