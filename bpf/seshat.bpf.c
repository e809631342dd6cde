/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All probes as one object. They are files of their own and could be compiled so, but for Debian 12's linker for BPF
 * objects (libbpf 1.1), which fails where two of them call the same kernel function.
 */
#include "address.bpf.c"
#include "exec.bpf.c"
#include "exit.bpf.c"
#include "file.bpf.c"
#include "kernel.bpf.c"
#include "network.bpf.c"
#include "open.bpf.c"
#include "outcome.bpf.c"
#include "privilege.bpf.c"
#include "ptrace.bpf.c"
#include "receive.bpf.c"
#include "socket.bpf.c"
#include "syscall.bpf.c"
#include "track.bpf.c"
#include "calls.bpf.c"
#include "uring.bpf.c"
#include "uring_complete.bpf.c"
#include "uring_record.bpf.c"

#if !defined(SESHAT_HELPERS)
#include "address_unix.bpf.c"
#endif

/* The helpers that read kernel memory are for programs under the GPL alone. */
char LICENSE[] SEC("license") = "GPL";
