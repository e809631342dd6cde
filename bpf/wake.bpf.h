/* SPDX-License-Identifier: GPL-2.0-only */
/* Waking the reader of the ring. */
#ifndef SESHAT_WAKE_BPF_H
#define SESHAT_WAKE_BPF_H

#include "maps.bpf.h"

/*
 * Linked once into each program and verified once there, however often it is called: that is what keeps the
 * time to load the probes short. Such a function takes numbers and pointers to memory of known size only.
 */
#define SHARED __weak

/* An empty record that user space never sees: its only use is the wake-up. */
SHARED int ring_wake(void)
{
	void *nothing = bpf_ringbuf_reserve(&ring, 8, 0);

	if (!nothing)
		return -1;
	control.reader_sleeps = 0;
	bpf_ringbuf_discard(nothing, BPF_RB_FORCE_WAKEUP);
	return 0;
}

#endif
