/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/log_record.h"

#include <ctype.h>
#include <errno.h>
#include <json-c/json.h>
#include <limits.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/uuid.h"
#include "cli/reply.h"
#include "control/message.h"

enum {
	DEPTH = 8, /* of nested values; an audit record has 3 */
	EVENT_MAX = 64,
};

static void tokener_freep(struct json_tokener **tokener)
{
	if (*tokener)
		json_tokener_free(*tokener);
}

/* "2026-11-21T15:30:00.123456789Z" in its form, whatever the numbers are. */
static bool time_right(struct bytes time)
{
	static const char FORM[CLOCK_TEXT_SIZE + 1] = "0000-00-00T00:00:00.000000000Z";

	if (time.size != CLOCK_TEXT_SIZE)
		return false;
	for (size_t i = 0; i < CLOCK_TEXT_SIZE; i++)
		if (FORM[i] == '0' ? !isdigit((unsigned char)time.data[i]) :
				     time.data[i] != FORM[i])
			return false;
	return true;
}

/* Moves *line behind the text when it begins so. */
static bool take(struct bytes *line, const char *text)
{
	size_t size = strlen(text);

	if (line->size < size || memcmp(line->data, text, size) != 0)
		return false;
	line->data += size;
	line->size -= size;
	return true;
}

/* A string of letters, digits and the like, as far as its closing quotation mark. */
static bool take_word(struct bytes *line, size_t max, struct bytes *ret)
{
	size_t size = 0;

	while (size < line->size && size <= max &&
	       (isalnum((unsigned char)line->data[size]) || strchr(".:_-", line->data[size])) &&
	       line->data[size])
		size++;
	if (size > max || size == line->size || line->data[size] != '"')
		return false;
	*ret = (struct bytes){ .data = line->data, .size = size };
	line->data += size;
	line->size -= size;
	return true;
}

bool log_head_read(const char *line, size_t size, struct log_head *ret)
{
	struct bytes rest = { .data = line, .size = size };
	struct log_head head;

	if (!take(&rest, "{\"event\":\"") || !take_word(&rest, EVENT_MAX, &head.event) ||
	    !take(&rest, "\",\"time\":\"") || !take_word(&rest, CLOCK_TEXT_SIZE, &head.time) ||
	    !take(&rest, "\",\"sid\":\"") || !take_word(&rest, UUID_SIZE - 1, &head.sid) ||
	    !time_right(head.time))
		return false;
	*ret = head;
	return true;
}

static int parse(const char *line, size_t size, struct json_object **ret)
{
	_cleanup_(tokener_freep) struct json_tokener *tokener = json_tokener_new_ex(DEPTH);
	_cleanup_(control_message_freep) struct json_object *record = NULL;
	enum json_tokener_error error;

	if (!tokener)
		return -ENOMEM;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	record = json_tokener_parse_ex(tokener, line, (int)size);
	error = json_tokener_get_error(tokener);
	if (error != json_tokener_success || json_tokener_get_parse_end(tokener) != size ||
	    !json_object_is_type(record, json_type_object))
		return -EBADMSG;
	*ret = TAKE_PTR(record);
	return 0;
}

int log_record_parse(const char *line, size_t size, struct json_object **ret)
{
	_cleanup_(control_message_freep) struct json_object *record = NULL;
	struct log_head head;
	int r;

	if (size > 0 && line[size - 1] == '\n')
		size--;
	if (size == 0 || size > INT_MAX)
		return -EBADMSG;
	r = parse(line, size, &record);
	if (r < 0)
		return r;
	head = log_record_head(record);
	if (!head.event.data || !head.sid.data || !time_right(head.time))
		return -EBADMSG;
	*ret = TAKE_PTR(record);
	return 0;
}

struct log_head log_record_head(struct json_object *record)
{
	return (struct log_head){
		.event = reply_string(record, "event"),
		.time = reply_string(record, "time"),
		.sid = reply_string(record, "sid"),
	};
}
