/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include "base/cleanup.h"
#include "kernel/verifier.h"

/* Reads a copy of the log, of exactly its size, as the sanitizer watches it. */
static void check_reason(const char *text, int error, const char *expected)
{
	_cleanup_free_ char *log = strdup(text);
	char reason[512];

	assert_non_null(log);
	memset(reason, 'x', sizeof(reason));
	verifier_reason(log, error, reason, sizeof(reason));
	assert_string_equal(reason, expected);
}

static void the_last_word_is_the_reason(void **state)
{
	(void)state;
	/* 5.10: every instruction's registers on lines of their own, behind a blank. */
	check_reason(
		"func#0 @0\n"
		"0: R1=ctx(id=0,off=0,imm=0) R10=fp0\n"
		"; int BPF_PROG(exec_done, struct task_struct *task)\n"
		"0: (79) r6 = *(u64 *)(r1 +0)\n"
		"func 'sched_process_exec' arg0 has btf_id 121 type STRUCT 'task_struct'\n"
		" R1=ctx(id=0,off=0,imm=0) R6_w=ptr_task_struct(id=0,off=0,imm=0) R10=fp0\n"
		"1: (b7) r2 = 0\n"
		"2: (79) r3 = *(u64 *)(r2 +0)\n"
		"R2 invalid mem access 'inv'\n"
		"processed 3 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0\n",
		-EACCES, "Permission denied: R2 invalid mem access 'inv'");
	/* 6.1: registers behind a semicolon, and scalars. */
	check_reason("reg type unsupported for arg#0 function open_exit#21\n"
		     "0: R1=ctx(off=0,imm=0) R10=fp0\n"
		     "; return bpf_loop(1 << 23, step, &walk, 0);\n"
		     "0: (b7) r1 = 8388608                   ; R1_w=8388608\n"
		     "1: (18) r2 = 0x5                       ; R2_w=func(off=0,imm=0)\n"
		     "from 12 to 14: R0_w=scalar() R10=fp0 fp-8=mmmmmmmm\n"
		     "14: (85) call bpf_loop#181\n"
		     "R3 type=scalar expected=fp\n"
		     "processed 15 insns (limit 1000000) max_states_per_insn 0 total_states 1 "
		     "peak_states 1 mark_read 1\n",
		     -EACCES, "Permission denied: R3 type=scalar expected=fp");
	/* 6.12: with the source's lines, and precision tracked aloud. */
	check_reason("0: R1=ctx() R10=fp0\n"
		     "; read_path(&walk, size); @ path.bpf.h:41\n"
		     "31: (bf) r2 = r7                       ; R2_w=scalar(id=3) R7=scalar(id=3)\n"
		     "mark_precise: frame0: last_idx 31 first_idx 20 subseq_idx -1 \n"
		     "mark_precise: frame0: regs=r2 stack= before 30: (b7) r1 = 1\n"
		     "32: (85) call bpf_probe_read_kernel#113\n"
		     "R2 unbounded memory access, use 'var &= const' or 'if (var < const)'\n"
		     "verification time 812 usec\n"
		     "stack depth 88+0\n"
		     "processed 32 insns (limit 1000000) max_states_per_insn 1 total_states 4 "
		     "peak_states 4 mark_read 2\n",
		     -EACCES,
		     "Permission denied: R2 unbounded memory access, use 'var &= const' or "
		     "'if (var < const)'");
}

static void refusals_before_the_first_instruction_are_told(void **state)
{
	(void)state;
	check_reason("attach_btf_id 93422 is not a function\n"
		     "processed 0 insns (limit 1000000) max_states_per_insn 0 total_states 0 "
		     "peak_states 0 mark_read 0\n",
		     -EINVAL, "Invalid argument: attach_btf_id 93422 is not a function");
	check_reason("BPF program is too large. Processed 1000001 insn\n"
		     "processed 1000001 insns (limit 1000000) max_states_per_insn 4 total_states 1 "
		     "peak_states 1 mark_read 1\n",
		     -E2BIG,
		     "Argument list too long: BPF program is too large. Processed 1000001 insn");
	check_reason("unreachable insn 5", -EINVAL, "Invalid argument: unreachable insn 5");
}

/* What libbpf puts in the place of the instruction whose field this kernel does not have. */
static void a_field_that_is_missing_is_named(void **state)
{
	(void)state;
	check_reason(
		"0: (79) r6 = *(u64 *)(r1 +0)\n"
		"; pid = BPF_CORE_READ(task, gone);\n"
		"1: <invalid CO-RE relocation>\n"
		"failed to resolve CO-RE relocation <byte_off> [12] struct task_struct.gone (0:3 @ offset 24)\n"
		"processed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0\n",
		-EINVAL,
		"Invalid argument: failed to resolve CO-RE relocation <byte_off> [12] struct "
		"task_struct.gone (0:3 @ offset 24)");
}

/* 6.7 and later show the two states that are alike, behind the reason. */
static void an_endless_loop_is_called_one(void **state)
{
	(void)state;
	check_reason("1: (05) goto pc-1\n"
		     "; for (;;)\n"
		     "infinite loop detected at insn 1\n"
		     "cur state: R0=0 R10=fp0\n"
		     "old state: R0=0 R10=fp0\n"
		     "processed 4 insns (limit 1000000) max_states_per_insn 0 total_states 1 "
		     "peak_states 1 mark_read 0\n",
		     -EINVAL, "Invalid argument: infinite loop detected at insn 1");
}

static void an_argument_that_does_not_fit_is_told(void **state)
{
	(void)state;
	check_reason("12: (85) call bpf_task_release#41972\n"
		     "arg#0 expected pointer to ctx, but got fp\n"
		     "processed 13 insns (limit 1000000) max_states_per_insn 0 total_states 0 "
		     "peak_states 0 mark_read 0\n",
		     -EINVAL, "Invalid argument: arg#0 expected pointer to ctx, but got fp");
}

/* Nothing but notes: the error is all that is known. */
static void notes_are_no_reasons(void **state)
{
	static const char NOTES[] =
		"func#0 @0\n"
		"arg#0 reference type('UNKNOWN ') size cannot be determined: -22\n"
		"reg type unsupported for arg#0 function open_exit#21\n"
		"func 'sys_exit' arg0 has btf_id 77 type STRUCT 'pt_regs'\n"
		"0: (79) r6 = *(u64 *)(r1 +0)\n"
		"from 3 to 5: R0=0 R10=fp0\n"
		"from 7 to 5: safe\n"
		"last_idx 5 first_idx 0\n"
		"regs=4 stack=0 before 4: (b7) r2 = 1\n"
		"parent didn't have regs=4 stack=0 marks\n"
		"parent already had regs=4 stack=0 marks\n"
		"propagating r6\n"
		"caller:\n"
		" R6=ctx(id=0,off=0,imm=0) R10=fp0\n"
		"callee:\n"
		" frame1: R1=invP0 R10=fp0\n"
		"returning from callee:\n"
		" frame1: R0=inv0 R10=fp0\n"
		"to caller at 9:\n"
		" R0=inv0 R10=fp0\n"
		"-- END PROG LOAD LOG --\n"
		"verification time 8 usec\n"
		"stack depth 0\n"
		"processed 1 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 "
		"mark_read 0\n";

	(void)state;
	check_reason(NOTES, -EPERM, "Operation not permitted");
	check_reason("max_states_per_insn 0 total_states 0\n", -EPERM, "Operation not permitted");
}

static void an_empty_log_leaves_the_error(void **state)
{
	(void)state;
	check_reason("", -EPERM, "Operation not permitted");
	check_reason("\n\n\n", -ENOMEM, "Cannot allocate memory");
}

/* Older kernels keep the beginning: it ends anywhere, and the reason is not there. */
static void a_log_cut_at_its_end_gives_no_false_reason(void **state)
{
	(void)state;
	check_reason("func#0 @0\n"
		     "0: R1=ctx(id=0,off=0,imm=0) R10=fp0\n"
		     "func 'sys_exit' arg0 has btf_id 77 type STRUCT 'pt_regs'\n"
		     "1: (b7) r2 = 0\n"
		     " R1=ctx(id=0,off=0,imm=0) R2_w=in",
		     -ENOSPC, "No space left on device");
}

/* Newer ones keep the end: it begins anywhere. */
static void a_log_cut_at_its_beginning_has_its_reason(void **state)
{
	(void)state;
	check_reason("map_value(off=0,ks=8,vs=64,imm=0) R10=fp0\n"
		     "907: (71) r3 = *(u8 *)(r0 +64)\n"
		     "invalid access to map value, value_size=64 off=64 size=1\n"
		     "R0 min value is outside of the allowed memory range\n"
		     "processed 40211 insns (limit 1000000) max_states_per_insn 4 total_states 90 "
		     "peak_states 90 mark_read 3\n",
		     -EACCES,
		     "Permission denied: R0 min value is outside of the allowed memory range");
}

static void long_lines_are_cut(void **state)
{
	_cleanup_free_ char *log = malloc(VERIFIER_LOG_SIZE);
	char reason[32];

	(void)state;
	assert_non_null(log);
	memset(log, 'z', VERIFIER_LOG_SIZE - 1);
	log[VERIFIER_LOG_SIZE - 1] = '\0';
	verifier_reason(log, -EINVAL, reason, sizeof(reason));
	assert_string_equal(reason, "Invalid argument: zzzzzzzzzzzzz");
	/* A long line that is none, and a short one that is. */
	memset(log, ' ', VERIFIER_LOG_SIZE - 1);
	memcpy(log + VERIFIER_LOG_SIZE - 9, "\nR1 bad\n", 9);
	verifier_reason(log, -EINVAL, reason, sizeof(reason));
	assert_string_equal(reason, "Invalid argument: R1 bad");
}

static void any_room_is_kept_to(void **state)
{
	for (size_t size = 1; size < 32; size++) {
		_cleanup_free_ char *reason = malloc(size);
		char log[] = "R1 bad\n";

		assert_non_null(reason);
		verifier_reason(log, -EINVAL, reason, size);
		assert_int_equal(strlen(reason), size - 1 < 24 ? size - 1 : 24);
		assert_memory_equal(reason, "Invalid argument: R1 bad", strlen(reason));
	}
	(void)state;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_last_word_is_the_reason),
		TEST(refusals_before_the_first_instruction_are_told),
		TEST(a_field_that_is_missing_is_named),
		TEST(an_endless_loop_is_called_one),
		TEST(an_argument_that_does_not_fit_is_told),
		TEST(notes_are_no_reasons),
		TEST(an_empty_log_leaves_the_error),
		TEST(a_log_cut_at_its_end_gives_no_false_reason),
		TEST(a_log_cut_at_its_beginning_has_its_reason),
		TEST(long_lines_are_cut),
		TEST(any_room_is_kept_to),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
