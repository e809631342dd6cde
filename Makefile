# SPDX-License-Identifier: Apache-2.0
#
# Seshat's build. `make help` lists the targets. Everything that is made goes below build/.
#
#	V=1     show the commands
#	SAN=1   user space with the address and undefined-behaviour sanitizers, in build/san
#	STATIC=1 build/static/seshat alone, as a static-pie: `seshat run` for machines where nothing may be installed
#	TEST=EXPRESSION  only the tests that match, as pytest -k has it (check-live, check-login, check-vm)
#	SKIP_VM=1 no virtual machines in `make check`
#	KERNEL=6.1 check-vm with this kernel only; KERNEL=newest: that of the archive's backports. BOOT=all: one boot only; BOOT=whole: every live test, on both strategies
#	CPPFLAGS, CFLAGS, LDFLAGS: added to our own; WERROR=: warnings are no errors

VERSION := 0.1.0

PREFIX  ?= /usr/local
DESTDIR ?=

CC       = gcc
CLANG   ?= clang
BPFTOOL ?= /usr/sbin/bpftool
PYTHON  ?= /usr/bin/python3

V ?= 0
ifeq ($(V),1)
Q :=
say = @:
else
Q := @
say = @printf '  %-8s %s\n'
endif

# As many jobs as there are processors, unless -j says otherwise.
ifeq ($(MAKELEVEL)$(filter -j%,$(MAKEFLAGS)),0)
MAKEFLAGS += -j$(shell nproc)
endif
MAKEFLAGS += --no-builtin-rules --no-print-directory
export PYTHONDONTWRITEBYTECODE := 1
.SUFFIXES:
.DELETE_ON_ERROR:

# ---- variants of user space: plain, sanitized, and instrumented for libFuzzer -------------------

# Distributions say themselves how much of it they want, and may not be contradicted.
FORTIFY := $(if $(findstring _FORTIFY_SOURCE,$(CPPFLAGS) $(CFLAGS)),,-D_FORTIFY_SOURCE=2)
WERROR  ?= -Werror

FUZZ ?=
ifeq ($(FUZZ),1)
B := build/fuzz
CC = $(CLANG)
VARIANT_FLAGS := -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined \
	-fno-sanitize-recover=all
VARIANT_LDFLAGS := -fsanitize=address,undefined
else ifeq ($(SAN),1)
B := build/san
VARIANT_FLAGS := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
VARIANT_LDFLAGS := -fsanitize=address,undefined
else ifeq ($(STATIC),1)
B := build/static
VARIANT_FLAGS := -O2 -g $(FORTIFY)
VARIANT_LDFLAGS :=
else
B := build
VARIANT_FLAGS := -O2 -g $(FORTIFY)
VARIANT_LDFLAGS :=
endif

ifeq ($(FUZZ),1)
WARNINGS := -Wall -Wextra $(WERROR) # gcc judges the rest
else
WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wformat=2 -Wstrict-prototypes -Wmissing-prototypes \
	-Wold-style-definition -Wvla -Wundef -Wpointer-arith -Wwrite-strings -Wcast-qual $(WERROR)
endif

# Theirs come behind ours. The folder that it is built in leaves no trace in what is built.
PREFIX_MAP   := -ffile-prefix-map=$(CURDIR)=.
OUR_CPPFLAGS := -D_GNU_SOURCE -DSESHAT_VERSION='"$(VERSION)"' -I. -Iagent $(CPPFLAGS)
OUR_CFLAGS   := -std=c17 $(VARIANT_FLAGS) -fstack-protector-strong -fPIE $(PREFIX_MAP) $(WARNINGS) $(CFLAGS)
OUR_LDFLAGS  := $(if $(filter build/static,$B),-static-pie,-pie) -Wl,-z,relro,-z,now -Wl,--as-needed $(VARIANT_LDFLAGS) $(LDFLAGS)
LIBS     := -lbpf -lelf -lz -ljson-c -lsystemd -lcap -linih -lcrypto
DEPFLAGS  = -MMD -MP -MF $(@:.o=).d -MT $@

# ---- sources ------------------------------------------------------------------------------------

ARCH       := $(shell uname -m)
BPF_ARCH   := $(subst aarch64,arm64,$(subst x86_64,x86,$(ARCH)))
BPF_SKEL   := build/bpf/seshat.skel.h build/bpf/seshat_helpers.skel.h

LIB_SRC    := $(sort $(filter-out agent/static/%,$(wildcard agent/*/*.c)))
ifeq ($(FUZZ),1)
# What reads logs back is fuzzed too; the commands themselves need the probes, which clang's coverage has no use for.
FUZZ_CLI   := $(patsubst %,agent/cli/%.c,log_filter log_record sessions_list timeline process_tree output pretty \
	pretty_events pretty_rights pretty_session pretty_text reply)
LIB_SRC    := $(filter-out agent/kernel/% agent/daemon/% \
	$(filter-out $(FUZZ_CLI),$(wildcard agent/cli/*.c)),$(LIB_SRC))
endif
# There is no static libsystemd: what of the command uses it is done otherwise, and the agent, which is built on its event loop,
# is left out.
ifeq ($B,build/static)
LIB_SRC    := $(filter-out agent/daemon/% agent/base/host.c agent/cli/log_journal.c,$(LIB_SRC)) $(wildcard agent/static/*.c)
LIBS       := $(filter-out -lsystemd,$(LIBS))
endif
LIB_OBJ    := $(LIB_SRC:%.c=$B/obj/%.o)
LIB        := $B/libseshat.a

UNIT_SRC   := $(wildcard tests/unit/test_*.c)
UNIT       := $(UNIT_SRC:%.c=$B/%)
FUZZ_SRC   := $(wildcard tests/fuzz/fuzz_*.c)
FUZZERS    := $(FUZZ_SRC:%.c=$B/%)
REPLAY     := $(patsubst %.c,$B/%,$(wildcard tests/replay/*.c))
LIVE       := $(patsubst tests/live/workloads/%.c,build/tests/live/%,$(wildcard tests/live/workloads/*.c)) \
	$(patsubst tests/live/evasion/%.c,build/tests/live/%,$(wildcard tests/live/evasion/*.c)) \
	$(patsubst tests/live/loader/%.c,build/tests/live/%.o,$(wildcard tests/live/loader/*.bpf.c)) \
	build/tests/live/loader
BENCH      := $(patsubst %.c,build/%,$(wildcard tests/bench/*.c)) build/tests/bench/nothing-static

# ---- what people call ---------------------------------------------------------------------------

.PHONY: all deps run check check-unit check-fuzz check-replay check-schema check-live check-sanitized check-login \
	check-login-sanitized check-packages check-vm lint bench fuzz \
	install uninstall sbom deb rpm clean format help bpf tests test-programs fuzzers workloads

PROGRAMS := $(if $(filter build/static,$B),$B/seshat,$B/seshat $B/seshatd build/pam_seshat.so)

all: $(PROGRAMS) ## build the programs and the PAM module (the default)

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 28
	@sed -n 's/^#\t\([A-Z_]*=.*\)/  \1/p' Makefile

deps: ## install what is missing to build, run and test (Debian; as root)
	@sh packaging/install-build-deps

run: deps ## audit an example session and show its records (JSON=1: as JSON lines)
	$(Q)$(MAKE) build/seshat
	@JSON=$(JSON) sh tests/example/session.sh

# A check that fails does not keep the next ones from running; the last line is the sum of them all.
# The live tests of the plain programs are part of check-vm, on each strategy: here they would tell nothing new.
CHECKS := lint check-unit check-fuzz check-replay check-schema check-sanitized check-login check-login-sanitized \
	check-packages $(if $(filter-out 0,$(SKIP_VM)),check-live,check-vm)
check: deps ## build and run every test
	$(Q)rm -rf build/check
	$(Q)$(MAKE) all tests
	@status=0; for target in $(CHECKS); do $(MAKE) -s $$target || status=1; done; \
	$(PYTHON) tests/run.py total $(CHECKS) || status=1; exit $$status

tests: ## build every test program
	$(Q)$(MAKE) workloads
	$(Q)$(MAKE) SAN=1 all test-programs
	$(Q)$(MAKE) FUZZ=1 fuzzers

check-unit: ## unit tests, with the sanitizers
	$(Q)$(MAKE) SAN=1 $(UNIT_SRC:%.c=build/san/%)
	@$(PYTHON) tests/run.py unit $(UNIT_SRC:%.c=build/san/%)

check-fuzz: ## the fuzzers' corpora, and a short run of each fuzzer
	$(Q)$(MAKE) SAN=1 $(FUZZ_SRC:%.c=build/san/%)
	$(Q)$(MAKE) FUZZ=1 fuzzers
	@$(PYTHON) tests/run.py fuzz $(FUZZ_SRC:tests/fuzz/%.c=%)

check-replay: ## recorded ring bytes through the pipeline, compared with golden records
	$(Q)$(MAKE) SAN=1 build/san/tests/replay/replay
	@$(PYTHON) tests/run.py replay build/san/tests/replay/replay

check-schema: ## the schemas and their examples
	@$(PYTHON) tests/run.py pytest check-schema tests/schema

check-live: ## real probes, real records (as root); TEST=EXPRESSION chooses as pytest -k does
	$(Q)$(MAKE) all workloads
	@SESHAT=build/seshat SESHATD=build/seshatd WORKLOADS=build/tests/live $(PYTHON) tests/run.py pytest $@ \
		tests/live $(if $(TEST),-k "$(TEST)")

check-sanitized: ## the same with the sanitizers in the programs, and the example
	$(Q)$(MAKE) all workloads
	$(Q)$(MAKE) SAN=1 all
	@SESHAT=build/san/seshat SESHATD=build/san/seshatd WORKLOADS=build/tests/live \
		$(PYTHON) tests/run.py sanitized $@ tests/live tests/example $(if $(TEST),-k "$(TEST)")

check-login: ## real logins: sshd, PAM, journald, the agent (as root); TEST=EXPRESSION as above
	$(Q)$(MAKE) all workloads
	@SESHAT=build/seshat SESHATD=build/seshatd PAM_SESHAT=build/pam_seshat.so WORKLOADS=build/tests/live \
		$(PYTHON) tests/run.py pytest $@ tests/login $(if $(TEST),-k "$(TEST)")

check-login-sanitized: ## the same, with the sanitizers in the agent and the command
	$(Q)$(MAKE) all workloads
	$(Q)$(MAKE) SAN=1 build/san/seshat build/san/seshatd
	@SESHAT=build/san/seshat SESHATD=build/san/seshatd PAM_SESHAT=build/pam_seshat.so \
		WORKLOADS=build/tests/live $(PYTHON) tests/run.py sanitized $@ tests/login $(if $(TEST),-k "$(TEST)")

check-packages: ## the packages: contents, installation, removal, the same bytes again (as root); TEST=EXPRESSION as above
	$(Q)$(MAKE) all sbom
	$(Q)$(MAKE) deb
	$(Q)$(MAKE) rpm
	$(Q)$(MAKE) STATIC=1 all
	@$(PYTHON) tests/run.py pytest $@ tests/packages $(if $(TEST),-k "$(TEST)")

check-vm: ## on Debian's stock kernels, from its packages, in virtual machines (as root)
	$(Q)$(MAKE) all workloads
	@$(PYTHON) tests/vm/check.py $(KERNEL:%=--kernel %) $(BOOT:%=--boot %) $(if $(TEST),--test "$(TEST)")

lint: ## layers, format, cppcheck, clang-tidy, shellcheck, headers, sizes, the manual
	$(Q)$(MAKE) $(BPF_SKEL)
	@$(PYTHON) tests/lint/lint.py

bench: deps ## measure against the goals, strace and bpftrace (as root); QUICK=1: a short run
	$(Q)$(MAKE) all $(BENCH)
	@$(PYTHON) tests/bench/bench.py $(if $(QUICK),--quick)

FUZZ_TIME ?= 300
fuzz: ## fuzz each parser for FUZZ_TIME=300 seconds; finds go to build/fuzz/found
	$(Q)$(MAKE) FUZZ=1 fuzzers
	@$(PYTHON) tests/run.py fuzz-long $(FUZZ_TIME) $(FUZZ_SRC:tests/fuzz/%.c=%)

# Where distributions put things differently: PAM_DIR, UNIT_DIR, ZSH_DIR, DOC_DIR.
PAM_DIR  ?= $(firstword $(wildcard /lib/$(ARCH)-linux-gnu/security /lib64/security) /lib/security)
UNIT_DIR ?= /lib/systemd/system
ZSH_DIR  ?= $(PREFIX)/share/zsh/site-functions
DOC_DIR  ?= $(PREFIX)/share/doc/seshat
INSTALL  := DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' PAM_DIR='$(PAM_DIR)' UNIT_DIR='$(UNIT_DIR)' ZSH_DIR='$(ZSH_DIR)' \
	DOC_DIR='$(DOC_DIR)' sh packaging/install.sh

# The list is read from what the dynamic linker loads, and what is installed are the plain programs.
ifneq ($B,build)
ifneq ($(filter sbom install,$(MAKECMDGOALS)),)
$(error sbom and install are for the plain programs, linked with shared libraries: call them without STATIC, SAN and FUZZ)
endif
endif

sbom: build/sbom/seshat.spdx.json ## what the programs are linked with, and under which licences (SPDX), in build/sbom

build/sbom/seshat.spdx.json: packaging/sbom.py packaging/libraries packaging/debian/changelog $(PROGRAMS)
	$(say) SBOM $@
	$(Q)$(PYTHON) packaging/sbom.py $(VERSION) $@ $(PROGRAMS)

install: all sbom ## install everything that packaging/files names (DESTDIR, PREFIX)
	$(say) INSTALL "$(DESTDIR)$(PREFIX)"
	$(Q)$(INSTALL) install

uninstall: ## remove it again; a configuration that was changed stays (DESTDIR, PREFIX)
	$(Q)$(INSTALL) uninstall

# ---- packages: built from a copy of the sources, so that nothing of theirs is left among them -----------

PACKAGED := $(shell find Makefile *.md LICENSE agent bpf contrib packaging schemas -type f)

deb: build/deb/done ## Debian packages, in build/deb

build/deb/done: $(PACKAGED)
	@sh packaging/debian/build.sh build/deb
	@touch $@

rpm: build/rpm/done ## RPM packages, in build/rpm

build/rpm/done: $(PACKAGED)
	@sh packaging/rpm/build.sh build/rpm
	@touch $@

format: ## let clang-format rewrite the sources
	clang-format -i $(shell find agent bpf tests -name '*.[ch]')

clean: ## remove everything that was built
	rm -rf build

# ---- kernel side: compiled as one object, for newer and for older kernels, stripped, and turned into skeletons --------

BPF_FLAGS := -target bpf -std=gnu17 -O2 -g -mcpu=v3 -D__TARGET_ARCH_$(BPF_ARCH) -Wall -Wextra -Wshadow \
	-Wno-unused-parameter -Wno-unused-function $(WERROR) $(PREFIX_MAP) -I. -Ibpf -idirafter /usr/include/$(ARCH)-linux-gnu

bpf: $(BPF_SKEL)

build/bpf/%.o: bpf/%.bpf.c Makefile
	$(say) BPF $<
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_FLAGS) $(DEPFLAGS) -c $< -o $@

# What is left is code and BTF; the debugging information that it was made from is ten times as much.
build/bpf/%.bpf.o: build/bpf/%.o
	$(say) BPFLINK $@
	$(Q)$(BPFTOOL) gen object $@ $<

$(BPF_SKEL): %.skel.h: %.bpf.o
	$(say) SKEL $@
	$(Q)$(BPFTOOL) gen skeleton $< name $(*F)_bpf > $@

# ---- user space ---------------------------------------------------------------------------------

$B/obj/%.o: %.c Makefile
	$(say) CC $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(OUR_CPPFLAGS) $(EXTRA) $(OUR_CFLAGS) $(DEPFLAGS) -c $< -o $@

$B/obj/agent/kernel/%.o: EXTRA = -isystem build/bpf
# A system header as far as warnings go, and so not among the dependencies that the compiler writes down.
$(filter $B/obj/agent/kernel/%,$(LIB_OBJ)): $(BPF_SKEL)

$(LIB): $(LIB_OBJ)
	$(say) AR $@
	$(Q)rm -f $@ && ar rcsD $@ $^

$B/seshat $B/seshatd: $B/%: $B/obj/agent/%.o $(LIB)
	$(say) LINK $@
	$(Q)$(CC) $(OUR_CFLAGS) $(OUR_LDFLAGS) $^ $(LIBS) -o $@

# ---- the PAM module: plain also where the rest is sanitized, as other people's programs load it ------

PAM_SRC := $(sort $(wildcard contrib/pam/*.c agent/control/*.c)) agent/base/base64.c agent/base/fd.c \
	agent/base/utf8.c
PAM_OBJ := $(PAM_SRC:%.c=build/pic/%.o)
PAM_MAP := contrib/pam/pam_seshat.map

build/pic/%.o: %.c Makefile
	$(say) CC $@
	@mkdir -p $(@D)
	$(Q)gcc $(OUR_CPPFLAGS) -std=c17 -O2 -g $(FORTIFY) -fPIC -fvisibility=hidden -fstack-protector-strong \
		$(PREFIX_MAP) $(WARNINGS) $(CFLAGS) $(DEPFLAGS) -c $< -o $@

build/pam_seshat.so: $(PAM_OBJ) $(PAM_MAP)
	$(say) LINK $@
	$(Q)gcc -shared $(CFLAGS) $(LDFLAGS) -Wl,-z,relro,-z,now,-z,defs -Wl,--as-needed -Wl,--gc-sections -Wl,--version-script=$(PAM_MAP) \
		$(PAM_OBJ) -ljson-c -lpam -o $@

# ---- test programs ------------------------------------------------------------------------------

test-programs: $(UNIT) $(FUZZERS) $(REPLAY)

fuzzers: $(FUZZERS)

workloads: $(LIVE) build/tests/replay/capture build/tests/replay/replay

# Lets allocations fail.
$B/tests/unit/test_memory: OUR_LDFLAGS += \
	-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray,--wrap=strdup

# The module's options alone; the module as a whole, by the real libpam.
$B/tests/unit/test_pam_options: $B/obj/contrib/pam/options.o
$B/tests/unit/test_pam_seshat: LIBS += -lpam
$B/tests/unit/test_pam_seshat: | build/pam_seshat.so

$(UNIT): $B/%: $B/obj/%.o $(LIB)
	$(say) LINK $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(OUR_CFLAGS) $(OUR_LDFLAGS) $^ -lcmocka $(LIBS) -o $@

ifeq ($(FUZZ),1)
$(FUZZERS): $B/%: $B/obj/%.o $(LIB)
	$(say) LINK $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(OUR_CFLAGS) $(OUR_LDFLAGS) -fsanitize=fuzzer $^ $(LIBS) -o $@
else
$(FUZZERS): $B/%: $B/obj/%.o $B/obj/tests/fuzz/driver.o $(LIB)
	$(say) LINK $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(OUR_CFLAGS) $(OUR_LDFLAGS) $^ $(LIBS) -o $@
endif

$(REPLAY): $B/%: $B/obj/%.o $(LIB)
	$(say) LINK $@
	@mkdir -p $(@D)
	$(Q)$(CC) $(OUR_CFLAGS) $(OUR_LDFLAGS) $^ $(LIBS) -o $@

# Workloads and loops are plain programs without the library: what they do must be theirs alone.
WORKLOAD_FLAGS    := -Itests/live/workloads -std=gnu17 -O2 -g -static -Wall -Wextra -Werror -D_GNU_SOURCE -pthread
WORKLOAD_32_FLAGS := -Itests/live/workloads -std=gnu17 -O2 -g -Wall -Wextra -Werror -m32 -nostdlib -static -ffreestanding \
	-fno-pie -no-pie -fno-stack-protector

define make-workload-32
	$(say) CC32 $@
	@mkdir -p $(@D)
	$(Q)gcc $(WORKLOAD_32_FLAGS) $(DEPFLAGS) $< -o $@
endef

define make-workload
	$(say) CC $@
	@mkdir -p $(@D)
	$(Q)gcc $(WORKLOAD_FLAGS) $(DEPFLAGS) $< -o $@
endef

build/tests/live/%_32: tests/live/workloads/%_32.c
	$(make-workload-32)

build/tests/live/%_32: tests/live/evasion/%_32.c
	$(make-workload-32)

build/tests/live/%: tests/live/workloads/%.c
	$(make-workload)

build/tests/live/%: tests/live/evasion/%.c
	$(make-workload)

# These two are about the loader: with the library, and BPF programs of their own.
build/tests/live/loader: build/obj/tests/live/loader/loader.o build/libseshat.a
	$(say) LINK $@
	@mkdir -p $(@D)
	$(Q)gcc $(OUR_CFLAGS) $(OUR_LDFLAGS) $^ $(LIBS) -o $@

build/tests/live/%.bpf.o: tests/live/loader/%.bpf.c
	$(say) BPF $@
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(BPF_FLAGS) $(DEPFLAGS) -c $< -o $@

build/tests/bench/%: tests/bench/%.c
	$(say) CC $@
	@mkdir -p $(@D)
	$(Q)gcc $(filter-out -static,$(WORKLOAD_FLAGS)) $(DEPFLAGS) $< -o $@

# The same program twice: with a loader, which opens files too, and without.
build/tests/bench/nothing-static: tests/bench/nothing.c
	$(say) CC $@
	@mkdir -p $(@D)
	$(Q)gcc $(WORKLOAD_FLAGS) $(DEPFLAGS) $< -o $@

# What is made on the way to a program is kept. (An empty .SECONDARY would also keep stale programs: whatever is secondary
# is not made anew when only what comes of it is there.)
.PRECIOUS: build/%.o build/bpf/%.o build/bpf/%.bpf.o

-include $(shell find build -name vm -prune -o -name '*.d' -type f -print 2>/dev/null)
