/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/tail_print.h"

#include <errno.h>
#include <json-c/json.h>

#include "base/cleanup.h"
#include "cli/log_record.h"
#include "cli/pretty.h"
#include "control/message.h"

enum {
	SID_SHOWN = 8, /* characters: 32 random bits tell the sessions of a screen apart */
};

static int print_json(struct output *output, const char *line, size_t size)
{
	int r = buffer_append(&output->buffer, line, size);

	if (r == 0 && (size == 0 || line[size - 1] != '\n'))
		r = buffer_append(&output->buffer, "\n", 1);
	return r;
}

static void print_sid(struct text *text, struct bytes sid)
{
	static const enum text_color COLORS[] = { TEXT_CYAN, TEXT_YELLOW, TEXT_GREEN, TEXT_BLUE,
						  TEXT_PLAIN };
	unsigned int sum = 0;

	if (sid.size > SID_SHOWN)
		sid.size = SID_SHOWN;
	for (size_t i = 0; i < sid.size; i++)
		sum = sum * 31 + (unsigned char)sid.data[i];
	text_color(text, COLORS[sum % ARRAY_SIZE(COLORS)]);
	text_bytes(text, sid);
	text_color(text, TEXT_PLAIN);
	text_printf(text, "%*s ", (int)(SID_SHOWN - sid.size), "");
}

static int print_readable(struct output *output, struct bytes sid, const char *line, size_t size)
{
	struct pretty_options options = { .color = output->text.color };
	size_t before = output->buffer.size;
	int r;

	print_sid(&output->text, sid);
	r = output->text.error;
	if (r == 0)
		r = pretty_format(line, size, &options, &output->buffer);
	if (r < 0)
		output->buffer.size = before;
	return r;
}

int tail_print(struct output *output, const char *line, size_t size, bool json)
{
	_cleanup_(control_message_freep) struct json_object *record = NULL;
	struct log_head head;
	int r;

	if (!log_head_read(line, size, &head)) {
		r = log_record_parse(line, size, &record);
		if (r < 0)
			return r;
		head = log_record_head(record);
	}
	return json ? print_json(output, line, size) : print_readable(output, head.sid, line, size);
}
