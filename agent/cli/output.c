/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/output.h"

#include <errno.h>
#include <json-c/json.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "cli/pretty.h"
#include "cli/status.h"

void output_init(struct output *output)
{
	*output = (struct output){ .buffer = BUFFER_INIT(OUTPUT_LIMIT) };
	output->text.buffer = &output->buffer;
	output->text.color = pretty_options_for(STDOUT_FILENO).color;
}

void output_json(struct output *output, struct json_object *value)
{
	size_t size = 0;
	const char *text = json_object_to_json_string_length(
		value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &size);
	int r = text ? buffer_append(&output->buffer, text, size) : -ENOMEM;

	if (r == 0)
		r = buffer_append(&output->buffer, "\n", 1);
	if (r < 0 && output->text.error == 0)
		output->text.error = r;
}

int output_flush(struct output *output)
{
	int r = output->text.error;

	if (r == 0)
		r = fd_write_all(STDOUT_FILENO, output->buffer.data, output->buffer.size);
	output->text.error = 0;
	buffer_clear(&output->buffer, OUTPUT_BATCH);
	if (r == 0)
		return 0;
	log_error("cannot write standard output: %s", strerror(-r));
	return STATUS_FAILED;
}

int output_end(struct output *output, int status)
{
	int r = output_flush(output);

	buffer_free(&output->buffer);
	return status ? status : r;
}
