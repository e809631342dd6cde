/* SPDX-License-Identifier: GPL-2.0-only */
/* A task got rights that it did not have: the record. */
#ifndef SESHAT_PRIVILEGE_BPF_H
#define SESHAT_PRIVILEGE_BPF_H

#include "image.bpf.h"

static __always_inline bool privilege_wanted(void)
{
	return !(control.slots_off & (1u << SLOT_PRIVILEGE));
}

static __always_inline void privilege_emit(struct task_struct *task, struct task_state *state,
					   __u32 operation, __u32 call,
					   const struct wire_rights *before,
					   const struct wire_rights *after)
{
	struct wire_privilege *out;
	struct scratch *scratch;

	image_tell(task, state);
	scratch = record_begin(WIRE_PRIVILEGE, sizeof(*out), task, state);
	if (!scratch)
		return;
	out = (struct wire_privilege *)&scratch->record[RECORD_FIXED];
	out->operation = before->user_ns == after->user_ns ? operation :
							     WIRE_PRIVILEGE_USER_NAMESPACE;
	out->call = call;
	out->before = *before;
	out->after = *after;
	record_end(scratch);
}

/*
 * A child that was cloned with CLONE_NEWUSER: it has all capabilities in a namespace of its own. `from` is the state of its
 * parent, which has just made it: what it has now it also had then.
 */
static __always_inline void privilege_cloned(struct task_state *from, struct task_struct *parent,
					     struct task_struct *child)
{
	struct task_state *state = scope_state(child);

	if (!state || !privilege_wanted())
		return;
	rights_read(&from->rights, parent);
	privilege_emit(child, state, WIRE_PRIVILEGE_USER_NAMESPACE, WIRE_CALL_CLONE, &from->rights,
		       &state->rights);
}

#endif
