/* SPDX-License-Identifier: Apache-2.0 */
#include "kernel/choices.h"

#include <errno.h>
#include <string.h>

#include "bpf/state.h"

static const struct {
	const char *name; /* the event's, without "session." */
	enum syscall_slot slot;
} KINDS[CHOICES] = {
	[CHOICE_PRIVILEGE] = { "privilege", SLOT_PRIVILEGE },
	[CHOICE_PTRACE] = { "ptrace", SLOT_PTRACE },
	[CHOICE_KERNEL] = { "kernel", SLOT_KERNEL },
	[CHOICE_FILE] = { "file", SLOT_FILE },
};

const struct choices CHOICES_DEFAULT = {
	.on = { [CHOICE_PRIVILEGE] = true, [CHOICE_PTRACE] = true, [CHOICE_KERNEL] = true },
};

static bool word_is(const char *word, size_t size, const char *name)
{
	return strlen(name) == size && memcmp(word, name, size) == 0;
}

/* One word of the list. False: it names nothing. */
static bool choices_take(struct choices *choices, const char *word, size_t size)
{
	bool on = size == 0 || word[0] != '-';
	bool known = false;

	if (size > 0 && (word[0] == '+' || word[0] == '-')) {
		word++;
		size--;
	}
	for (size_t i = 0; i < CHOICES; i++) {
		if (!word_is(word, size, KINDS[i].name) && !word_is(word, size, "all"))
			continue;
		choices->on[i] = on;
		known = true;
	}
	return known;
}

int choices_parse(struct choices *choices, const char *list, const char **ret_word,
		  size_t *ret_size)
{
	struct choices changed = *choices;
	const char *word = list;

	for (;;) {
		size_t size = strcspn(word, ",");

		if (!choices_take(&changed, word, size)) {
			*ret_word = word;
			*ret_size = size;
			return -EINVAL;
		}
		if (!word[size])
			break;
		word += size + 1;
	}
	*choices = changed;
	return 0;
}

size_t choices_off(const struct choices *choices, const char *ret[CHOICES])
{
	size_t count = 0;

	for (size_t i = 0; i < CHOICES; i++) {
		if (!choices->on[i])
			ret[count++] = KINDS[i].name;
	}
	return count;
}

uint32_t choices_slots_off(const struct choices *choices)
{
	uint32_t slots = 0;

	for (size_t i = 0; i < CHOICES; i++) {
		if (!choices->on[i])
			slots |= UINT32_C(1) << KINDS[i].slot;
	}
	return slots;
}
