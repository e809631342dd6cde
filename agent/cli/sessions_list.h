/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sessions, from the agent and from the log, each as a JSON object as the agent shows it: sid, login, user, service,
 * src_addr, start_time, state, processes, records, lost, ... and for past ones end_time and duration_ns.
 */
#ifndef SESHAT_CLI_SESSIONS_LIST_H
#define SESHAT_CLI_SESSIONS_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct json_object;
struct sessions_list;

/* Returns 0 or -ENOMEM. */
int sessions_list_new(struct sessions_list **ret);

/* A session as the agent shows it; the list has a reference of its own. Returns 0, -EBADMSG (it has no sid) or -ENOMEM. */
int sessions_list_add_live(struct sessions_list *list, struct json_object *session);

/* A line of the log: what it tells of a session. Lines that tell nothing, or are no record, are passed over. Returns 0 or -ENOMEM. */
int sessions_list_add_line(struct sessions_list *list, const char *line, size_t size);

/*
 * All is there: sessions without an end that the agent does not know, too, are "cut" when it was asked, at the time
 * asked (as records have it); else (NULL) "unknown". They are in the order of their starts from now on. Returns
 * 0 or -ENOMEM.
 */
int sessions_list_finish(struct sessions_list *list, const char *asked);

/* After sessions_list_finish: borrowed; NULL behind the last. */
struct json_object *sessions_list_get(const struct sessions_list *list, size_t index);

/* Is it open now, as far as can be told? */
bool sessions_list_is_live(struct json_object *session);

/* NULL is allowed; _freep for _cleanup_. */
void sessions_list_free(struct sessions_list *list);
void sessions_list_freep(struct sessions_list **list);

#endif
