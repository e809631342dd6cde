/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hooks at the kernel's functions: which programs of bpf/calls.bpf.c there are, and the few instructions that are attached
 * and jump to one of them.
 */
#ifndef SESHAT_KERNEL_HOOKS_H
#define SESHAT_KERNEL_HOOKS_H

#include <bpf/bpf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a program is there for. */
enum hook_purpose {
	HOOK_CALLS,    /* the ends of the system calls' own functions */
	HOOK_REFUSED,  /* calls that seccomp(2) answers */
	HOOK_STOPPING, /* a debugger is about to see the call, */
	HOOK_STOPPED,  /* and has seen it */
	HOOK_NARROW,   /* all 32-bit calls */
	HOOK_PURPOSES,
};

/*
 * A program, what it hooks where that is not a system call's function, and the map that holds the way to it. Nothing but
 * jumps is ever attached, and made anew each time: an old one may take its time to go.
 */
struct hook_program {
	const char *program;
	const char *jump;
	const char *function; /* NULL: that of a system call */
	enum bpf_attach_type type;
	enum hook_purpose purpose;
};

enum { HOOK_PROGRAMS = 7 };

extern const struct hook_program hook_programs[HOOK_PROGRAMS];

/* The index of a program by its name; HOOK_PROGRAMS when it is none of them. */
size_t hook_program_index(const char *program);

struct hook {
	const char *function; /* borrowed */
	uint32_t id;	      /* of the function, in the kernel's type information */
	uint32_t slot;	      /* enum syscall_slot, of a system call's */
	uint32_t program;     /* index in hook_programs */
	int link;	      /* owned; -1: not attached */
	int jump; /* owned: the program that is attached; -1: none, or another process's */
};

/*
 * Can a program be loaded for the end of the function with that id, and (attach) attached there? Returns 0 or negative
 * errno; nothing stays.
 */
int hook_try(uint32_t id, bool attach);

/*
 * Attaches the jump through the map's element `generation`, pinned in the folder (NULL: not). Returns 0 or negative errno;
 * hook_close() cleans up.
 */
int hook_attach(struct hook *hook, int map, uint32_t generation, const char *folder);

/* Takes over what another process has pinned in the folder. Returns whether it is there. */
bool hook_resume(struct hook *hook, const char *folder);

/* Removes its pin, if it is attached. */
void hook_unpin(const struct hook *hook, const char *folder);

/* Lets go of the link and the program: what is not pinned ends. */
void hook_close(struct hook *hook);

/* The descriptor of the program behind a link, to be closed; or negative errno: it may not be asked for. */
int program_behind(int link);

/*
 * How often a program, by its descriptor (-1: 0), was left out because the processor was in it already, for another task
 * that it had preempted there.
 */
uint64_t program_misses(int fd);

#endif
