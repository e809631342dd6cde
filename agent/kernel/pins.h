/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Maps and links kept in a BPF file system, so that auditing goes on while the agent is restarted. Each build has a
 * folder of its own below the agent's: what one build made, another one may not understand.
 */
#ifndef SESHAT_KERNEL_PINS_H
#define SESHAT_KERNEL_PINS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bpf_object;

/*
 * The folder below `base` for this ELF image. The caller frees *ret. Returns 0 or -ENOMEM.
 */
int pins_folder(char **ret, const char *base, const void *elf, size_t size);

/* Are all maps of the object pinned in the folder? */
bool pins_complete(const struct bpf_object *object, const char *folder);

#define CONTROL_MAP "seshat.bss" /* the one global, struct control of bpf/state.h */

/* control.trampolines as it is in the folder. Returns 0 or negative errno. */
int pins_control(const char *folder, uint32_t *ret_trampolines);

/* Makes the object, which is not loaded yet, use the maps in the folder. Returns 0 or negative errno. */
int pins_reuse(struct bpf_object *object, const char *folder);

/* Makes the folder. Returns 0 or negative errno. */
int pins_make(const char *folder);

/*
 * Pins the object's maps in the folder: after all links, as it is whole then (pins_complete). Returns 0 or negative errno;
 * then nothing of it is left.
 */
int pins_keep(const struct bpf_object *object, const char *folder);

/* The path of a link in the folder. Returns 0, or -ENAMETOOLONG. */
int pins_link(char *buf, size_t size, const char *folder, const char *program);

/* Removes the maps' pins: nobody takes the folder for a whole one from then on. */
void pins_forget(const char *folder);

/* Removes the folder and the pins in it: what nobody else holds is detached and freed. */
void pins_drop(const char *folder);

/*
 * Removes the folders of other builds below `base`; `own` (may be NULL) stays. Returns whether there was one.
 */
bool pins_drop_others(const char *base, const char *own);

#endif
