/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The trampoline strategy: programs at the functions of the system calls that have a probe (bpf/calls.bpf.c). All of it
 * is found out by trying, on the running kernel.
 */
#ifndef SESHAT_KERNEL_TRAMPOLINES_H
#define SESHAT_KERNEL_TRAMPOLINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bpf_object;
struct trampolines;

enum { TRAMPOLINES_REASON_SIZE = 256 };

/*
 * Looks for what this kernel has, for the slots (bits) in `wanted`. `attached` is control.trampolines where another process
 * has them attached, 0 where none has: then nothing is tried that disturbs those. Returns 0; or negative errno, when
 * nothing of it can be had: then ret_reason (TRAMPOLINES_REASON_SIZE bytes) says why.
 */
int trampolines_new(struct trampolines **ret, uint32_t wanted, uint32_t attached, char *ret_reason);

/* Closes all links: what is not pinned is let go. NULL is allowed. */
void trampolines_free(struct trampolines *trampolines);

/* Which slots are served: bits. All others are left to the tracepoint. */
uint32_t trampolines_slots(const struct trampolines *trampolines);

/* The same and more, as the probes are told it: control.trampolines. */
uint32_t trampolines_control(const struct trampolines *trampolines);

/* Is a program of the object one of these? */
bool trampolines_has(const char *program);

/* Before the object is loaded: chooses its programs and what they hook. NULL: none of them. Returns 0 or negative errno. */
int trampolines_prepare(const struct trampolines *trampolines, struct bpf_object *object);

/* Has the object's programs of this kind write the verifier's words there: the last of them that fails. */
void trampolines_log(struct bpf_object *object, char *log, size_t size);

/*
 * Attaches everything, pinned in the folder (NULL: not). Returns 0 or negative errno, with the reason; -EAGAIN when the
 * function of a system call cannot be hooked: its slot is left to the tracepoint from now on, and after
 * trampolines_detach(), trampolines_again() and with an object loaded anew it is worth another try. After a failure
 * trampolines_detach() cleans up.
 */
int trampolines_attach(struct trampolines *trampolines, const struct bpf_object *object,
		       const char *folder, char *ret_reason);

/* Chooses once more, without what was left to the tracepoint. Returns 0 or -ENOMEM. */
int trampolines_again(struct trampolines *trampolines);

/*
 * Takes over what another process has pinned, and, once the object is loaded, what it had come to. Returns whether all
 * of it is there.
 */
bool trampolines_resume(struct trampolines *trampolines, const char *folder);
void trampolines_resumed(struct trampolines *trampolines, const struct bpf_object *object);

/* How often the programs were left out that are attached by this process: see program_misses() of kernel/hooks.h. */
uint64_t trampolines_misses(const struct trampolines *trampolines);

/*
 * From here on nothing is recorded, once those programs have ended that run already (an RCU grace period). The
 * pins are removed. The functions themselves are let go by a child process, as that can take the kernel seconds.
 */
void trampolines_detach(struct trampolines *trampolines, const struct bpf_object *object,
			const char *folder);

#endif
