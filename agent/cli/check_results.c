/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/check_results.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "cli/status.h"
#include "control/message.h"

enum {
	DETAIL_SIZE = 512,
};

enum verdict {
	VERDICT_OK,
	VERDICT_FAILED,
	VERDICT_SKIPPED,
};

static const struct {
	const char *word;
	enum text_color color;
} VERDICTS[] = {
	[VERDICT_OK] = { "ok", TEXT_GREEN },
	[VERDICT_FAILED] = { "FAILED", TEXT_RED },
	[VERDICT_SKIPPED] = { "skipped", TEXT_YELLOW },
};

int check_results_init(struct check_results *results, bool json)
{
	*results = (struct check_results){ .json = json ? json_object_new_array() : NULL };
	output_init(&results->output);
	return json && !results->json ? -ENOMEM : 0;
}

static int add_json(struct json_object *array, enum verdict verdict, const char *what,
		    const char *detail)
{
	_cleanup_(control_message_freep) struct json_object *result = json_object_new_object();
	int r;

	if (!result)
		return -ENOMEM;
	r = control_add(result, "check", json_object_new_string(what));
	if (r == 0)
		r = control_add(result, "result", json_object_new_string(VERDICTS[verdict].word));
	if (r == 0 && detail[0])
		r = control_add_string(result, "detail", detail);
	if (r == 0 && json_object_array_add(array, result) < 0)
		r = -ENOMEM;
	if (r == 0)
		result = NULL; /* the array's now */
	return r;
}

static void add_line(struct check_results *results, enum verdict verdict, const char *what,
		     const char *detail)
{
	struct text *text = &results->output.text;

	text_color(text, VERDICTS[verdict].color);
	text_printf(text, "%-7s", VERDICTS[verdict].word);
	text_color(text, TEXT_PLAIN);
	text_printf(text, " ");
	text_bytes(text, bytes_of(what));
	if (detail[0]) {
		text_printf(text, ": ");
		text_bytes(text, bytes_of(detail));
	}
	text_printf(text, "\n");
	if (output_flush(&results->output))
		results->broken = true;
}

static void add(struct check_results *results, enum verdict verdict, const char *what,
		const char *detail)
{
	results->failed += verdict == VERDICT_FAILED;
	if (!results->json)
		add_line(results, verdict, what, detail);
	else if (add_json(results->json, verdict, what, detail) < 0)
		results->broken = true;
}

void check_results_add(struct check_results *results, bool ok, const char *what, const char *format,
		       ...)
{
	char detail[DETAIL_SIZE];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(detail, sizeof(detail), format, arguments);
	va_end(arguments);
	add(results, ok ? VERDICT_OK : VERDICT_FAILED, what, detail);
}

void check_results_skip(struct check_results *results, const char *what, const char *reason)
{
	add(results, VERDICT_SKIPPED, what, reason);
}

static void show_json(struct check_results *results)
{
	_cleanup_(control_message_freep) struct json_object *whole = json_object_new_object();

	if (!whole || control_add(whole, "ok", json_object_new_boolean(results->failed == 0)) < 0 ||
	    control_add(whole, "checks", json_object_get(results->json)) < 0) {
		results->broken = true;
		return;
	}
	output_json(&results->output, whole);
}

int check_results_end(struct check_results *results)
{
	int status;

	if (results->json)
		show_json(results);
	json_object_put(results->json);
	results->json = NULL;
	status = output_end(&results->output, 0);
	if (status || results->broken)
		return STATUS_FAILED;
	return results->failed > 0 ? STATUS_NEGATIVE : 0;
}
