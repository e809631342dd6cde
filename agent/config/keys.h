/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys of the configuration, one row a key: what reads, prints and compares them goes by this table.
 */
#ifndef SESHAT_CONFIG_KEYS_H
#define SESHAT_CONFIG_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"

enum {
	CONFIG_KEY_MAX = 64,   /* keys; a bit for each of them fits uint64_t */
	CONFIG_NAME_SIZE = 32, /* "section.key" and a NUL */
	CONFIG_VALUE_MAX =
		256, /* bytes of a value's text, with a NUL: what inih lets through is shorter */
};

enum config_kind {
	CONFIG_KIND_BOOL,
	CONFIG_KIND_NUMBER,
	CONFIG_KIND_SIZE,
	CONFIG_KIND_POWER, /* a size that is a power of two */
	CONFIG_KIND_DURATION,
	CONFIG_KIND_CHOICE, /* an enum, in the order of choices */
	CONFIG_KIND_PATH,   /* absolute */
	CONFIG_KIND_NAME,   /* letters, digits, '-' and '_' */
	CONFIG_KIND_COUNT,
};

struct config_key {
	const char *section;
	const char *name;
	enum config_kind kind;
	bool live;	    /* a reload is enough */
	bool optional;	    /* may be empty (text), or 0 whatever min says (numbers) */
	size_t offset;	    /* of the member of struct config */
	size_t width;	    /* of that member, bytes */
	uint64_t scale;	    /* CONFIG_KIND_DURATION: milliseconds in one of the member; else 0 */
	uint64_t min;	    /* numbers: bytes, milliseconds; text: 0 */
	uint64_t max;	    /* numbers: as min; text: its length in bytes */
	const char *preset; /* the default, as text */
	const char *right;  /* what would be right, in words */
	const char *const *choices; /* ends with NULL; CONFIG_KIND_CHOICE only */
};

/* In the order of the manual page. */
extern const struct config_key CONFIG_KEYS[];
extern const size_t CONFIG_KEY_COUNT;

/* Is there such a section? */
bool config_section_known(const char *section);

/* NULL: there is none. */
const struct config_key *config_key_find(const char *section, const char *name);

/* "section.key" */
void config_key_name(const struct config_key *key, char ret[CONFIG_NAME_SIZE]);

/*
 * Sets the member from text. Returns 0; -EINVAL when the text is not right for the key; -ENOMEM. On failure the member is as it was.
 */
int config_key_set(const struct config_key *key, struct config *config, const char *text);

/* The member as text that config_key_set takes; cut at the size of the buffer. */
void config_key_get(const struct config_key *key, const struct config *config,
		    char ret[CONFIG_VALUE_MAX]);

/* Do both have the same value? */
bool config_key_equal(const struct config_key *key, const struct config *a, const struct config *b);

/* Frees what the member owns, and empties it. */
void config_key_free(const struct config_key *key, struct config *config);

#endif
