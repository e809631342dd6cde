/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kinds of events that can be had or left out. All others are always recorded.
 */
#ifndef SESHAT_KERNEL_CHOICES_H
#define SESHAT_KERNEL_CHOICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum choice {
	CHOICE_PRIVILEGE,
	CHOICE_PTRACE,
	CHOICE_KERNEL,
	CHOICE_FILE,
	CHOICES,
};

struct choices {
	bool on[CHOICES];
};

/* What is recorded if nobody says otherwise: all but file. */
extern const struct choices CHOICES_DEFAULT;

/*
 * Changes them by a list with commas: a name, or + and a name, turns its kind on, - and a name off; "all" stands for every one.
 * Returns 0; or -EINVAL, with what is not known in *ret_word and its length in *ret_size, and the choices as they were.
 */
int choices_parse(struct choices *choices, const char *list, const char **ret_word,
		  size_t *ret_size);

/* The names of those that are off into ret (CHOICES of them at most): constants. Returns how many there are. */
size_t choices_off(const struct choices *choices, const char *ret[CHOICES]);

/* The same as the probes are told it: a bit for each enum syscall_slot that is off. */
uint32_t choices_slots_off(const struct choices *choices);

#endif
