/* SPDX-License-Identifier: Apache-2.0 */
#include "probes/line.h"

#include "encode/envelope.h"
#include "probes/registry.h"

enum {
	/*
	 * The longest: 6.2 MiB of arguments of one bad byte each become 14.5 times as much (U+FFFD,
	 * and their bytes under a JSON Pointer); nothing becomes more.
	 */
	LINE_LIMIT = 100 * 1048576,
	LINE_KEEP = 131072, /* what is kept of the buffers after such a giant */
};

void line_init(struct line *line)
{
	*line = (struct line){ .text = BUFFER_INIT(LINE_LIMIT) };
	json_init(&line->json, LINE_LIMIT);
}

void line_free(struct line *line)
{
	buffer_free(&line->text);
	json_free(&line->json);
}

int line_prepare(struct line *line, struct session *session, const struct host *host)
{
	return envelope_prepare(&line->json, session, host);
}

int line_build(struct line *line, unsigned int kind, int64_t realtime_ns,
	       const struct probe_input *input)
{
	const struct probe *probe = registry_probe(kind);
	struct json *json = &line->json;
	int r;

	buffer_clear(&line->text, LINE_KEEP);
	buffer_clear(&json->raw, LINE_KEEP);
	json_begin(json, &line->text);
	envelope_common(json, probe->event, &line->clock, realtime_ns, input->session);
	if (input->record) {
		const struct wire_task *task = &input->record->header->task;

		const struct record_part exe = enrich_exe(input->enricher, task);

		envelope_task(json, task, &exe);
	}
	probe->encode(json, input);
	r = json_end(json);
	if (r < 0)
		return r;
	return buffer_append(&line->text, "\n", 1);
}
