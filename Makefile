# SPDX-License-Identifier: BSD-2-Clause
# asyncspan. `make help` lists the targets, `make V=1` shows the commands. All output goes to build/.

VERSION     := 0.1.0
PREFIX      ?= /usr/local
O           ?= build
# The kernel whose types the BPF programs are compiled against (CO-RE: they run on others too).
VMLINUX_BTF ?= /sys/kernel/btf/vmlinux

ifeq ($(origin CC),default)
CC  := gcc
endif
ifeq ($(origin CXX),default)
CXX := g++
endif
CLANG       ?= clang
CFLAGS      ?= -O2 -g -fstack-protector-strong -D_FORTIFY_SOURCE=2
CXXFLAGS    ?= $(CFLAGS)
LDFLAGS     ?= -Wl,-z,relro,-z,now
WERROR      ?= -Werror
# bpftool lives in /usr/sbin, which is not on an ordinary user's PATH.
export PATH := $(PATH):/usr/sbin:/sbin

WARNINGS    := -Wall -Wextra -Wshadow $(WERROR)
C_FLAGS      = -std=gnu11 $(WARNINGS) -Wstrict-prototypes -Wmissing-prototypes $(CFLAGS)
CXX_FLAGS    = -std=gnu++17 $(WARNINGS) $(CXXFLAGS)
INCLUDES    := -Iuser -Imodel -Iinclude -Ibuild/include
DEFINES     := -D_GNU_SOURCE -DASYNCSPAN_VERSION='"$(VERSION)"'
LIBS        := -lbpf -lelf -lz -lzstd -llz4 -luuid -lcap -ljansson -pthread
# Header dependencies: each output gets a .d file beside it.
DEPFLAGS     = -MMD -MP -MF $@.d -MT $@
# clang does not look for asm/ headers of the host when it compiles for bpf: gcc knows where they are.
BPF_FLAGS    = -target bpf -mcpu=v3 -O2 -g $(WARNINGS) -Wno-unused-parameter -D__TARGET_ARCH_$(BPF_ARCH) \
	       -Imodel -Ibuild/include -idirafter /usr/include/$(shell $(CC) -print-multiarch)
BPF_ARCH    := $(patsubst aarch64,arm64,$(patsubst x86_64,x86,$(shell uname -m)))

# What there is to build: every file of a folder, so that a new file needs no new line here.
LIBRARY     := $(O)/user/libasyncspan-trace.a
LIB_SOURCES := $(filter-out user/main.c,$(wildcard user/*.c user/*/*.c model/*.c))
LIB_OBJECTS := $(LIB_SOURCES:%.c=$(O)/%.o)
PROGRAM     := $(if $(wildcard user/main.c),$(O)/asyncspan-trace)
SKELETONS   := $(patsubst %.bpf.c,build/include/%.skel.h,$(notdir $(wildcard bpf/*.bpf.c)))
BENCH_SKELS := $(patsubst %.bpf.c,build/include/%.skel.h,$(notdir $(wildcard tests/bench/*.bpf.c)))
EXAMPLES_C  := $(patsubst %.c,$(O)/%,$(wildcard examples/*.c))
EXAMPLES_CXX := $(patsubst %.cpp,$(O)/%,$(wildcard examples/*.cpp))
EXAMPLES    := $(EXAMPLES_C) $(EXAMPLES_CXX)
# An example of an adapter needs the library that its name begins with.
PACKAGE_uv    := libuv
PACKAGE_event := libevent
PACKAGE_glib  := gio-2.0
PACKAGE_uring := liburing
package_of    = $(PACKAGE_$(firstword $(subst _, ,$(notdir $(filter examples/%,$1)))))
package_flags = $(if $(call package_of,$2),$(shell pkg-config $1 $(call package_of,$2)))
TOOLS       := $(patsubst %.c,$(O)/%,$(wildcard tools/*.c))
BENCH       := $(patsubst tests/%.c,$(O)/%,$(filter-out %.bpf.c,$(wildcard tests/bench/*.c)))
UNIT_TESTS  := $(patsubst %.c,$(O)/%,$(wildcard tests/unit/test_*.c))
UNIT_HELP   := $(patsubst %.c,$(O)/%.o,$(wildcard tests/unit/support_*.c))
# Programs that the end-to-end tests trace; plugin_*.c become shared objects for dlopen.
PROGRAMS_IN := tests/e2e/programs
PLUGINS     := $(patsubst $(PROGRAMS_IN)/%.c,$(O)/tests/programs/%.so,$(wildcard $(PROGRAMS_IN)/plugin_*.c))
TRACED_C    := $(patsubst $(PROGRAMS_IN)/%.c,$(O)/tests/programs/%,\
	       $(filter-out $(PROGRAMS_IN)/plugin_%,$(wildcard $(PROGRAMS_IN)/*.c)))
TRACED_CXX  := $(patsubst $(PROGRAMS_IN)/%.cpp,$(O)/tests/programs/%,$(wildcard $(PROGRAMS_IN)/*.cpp))
TRACED      := $(TRACED_C) $(TRACED_CXX) $(PLUGINS)
OBJECTS     := $(LIB_OBJECTS) $(UNIT_HELP) $(O)/user/main.o
OUTPUTS     := $(OBJECTS) $(EXAMPLES) $(TOOLS) $(BENCH) $(UNIT_TESTS) $(TRACED)

ifneq ($(V),1)
Q           := @
MAKEFLAGS   += --no-print-directory
endif
say          = $(if $(Q),@printf '  %-8s %s\n' '$(1)' '$(patsubst $(CURDIR)/%,%,$@)')

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all deps demo test check-engines bench kernels lint mutate format schema install clean help programs \
	build-clang build-asan build-coverage

all: programs ## build everything: build/asyncspan-trace, build/examples, the tests' programs

help: ## this list
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/make \1@\2/p' Makefile | column -t -s @

deps: ## install what is missing (apt-get, build/venv); quick when nothing is
	$(Q)tools/install-dependencies.sh

demo: programs ## trace examples/http_server under load for some seconds, then ask a first question
	$(Q)tools/demo.sh

test: deps ## all tests and checks; one closing line of totals, full log in build/test.log
	$(Q)build/venv/bin/python tests/run-tests.py

check-engines: programs ## ask Spark, ClickHouse and others the documented queries (minutes)
	$(Q)tests/engines/run.sh

bench: programs $(BENCH) ## measure against the goals; figures in build/bench.json
	$(Q)build/venv/bin/python tests/bench/run-bench.py

mutate: deps ## break the rules of the model in one place after the other: the tests must notice
	$(Q)CC="$(CC)" tools/mutate.py

kernels: programs ## trace under Debian's kernel 6.1 too, in an emulator
	$(Q)tests/kernels/run.sh

lint: lint-format lint-text lint-man lint-cppcheck lint-tidy ## the static checks

format: deps ## bring the sources into the style of .clang-format
	$(Q)$(FORMATTED) | xargs -r ls 2>/dev/null | xargs -r clang-format -i

schema: $(O)/tools/write_schema ## write the tables in docs/schema.md anew, from their declarations
	$(Q)$< docs/schema.md

install: programs ## install program, header, man pages, pkg-config file (PREFIX, DESTDIR)
	$(Q)tools/install.sh $(O) $(VERSION) "$(DESTDIR)" "$(PREFIX)"

clean: ## remove build/
	$(Q)rm -rf build

programs: deps $(PROGRAM) $(EXAMPLES) $(TOOLS) $(UNIT_TESTS) $(TRACED)

# The same sources built otherwise, for the tests.
build-clang:
	$(Q)$(MAKE) O=build/clang CC=clang CXX=clang++ each-source
build-asan:
	$(Q)$(MAKE) O=build/asan CC=clang CXX=clang++ tested-programs LDFLAGS='-fsanitize=address,undefined' \
		CFLAGS='-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all'
build-coverage:
	$(Q)$(MAKE) O=build/coverage CFLAGS='-O0 -g --coverage' LDFLAGS=--coverage rules-tests
.PHONY: each-source tested-programs rules-tests
each-source: tested-programs $(EXAMPLES) $(TOOLS) $(TRACED) $(BENCH)
tested-programs: $(PROGRAM) $(UNIT_TESTS)
rules-tests: $(filter $(O)/tests/unit/test_rules%,$(UNIT_TESTS))

# The static checks. FORMATTED: clang-format's business; TIDY: one stamp per source, again when a header changes.
# LESS_PATHS: a third of the paths that the analyzer follows by default, in a quarter of the time.
# NO_PATHS: tests are full of branches, each macro of ours is one: following all paths takes minutes; what the
# verifier follows in the kernel needs no second opinion. The frames of coroutines clang 14's paths take for garbage.
FORMATTED   := git ls-files --cached --others --exclude-standard '*.c' '*.h' '*.cpp' '*.hpp'
TIDY        := $(patsubst %,build/lint/%.tidy,$(LIB_SOURCES) $(wildcard user/main.c bpf/*.bpf.c \
	       examples/*.c examples/*/*.c examples/*.cpp tools/*.c tests/unit/*.c tests/model/*.c tests/bench/*.c $(PROGRAMS_IN)/*.c \
	       $(PROGRAMS_IN)/*/*.c $(PROGRAMS_IN)/*.cpp))
HEADERS     := $(wildcard include/*.h include/*.hpp include/*/*.h include/*/*.hpp model/*.h bpf/*.h user/*/*.h tests/*/*.h \
	       examples/*/*.h $(PROGRAMS_IN)/*.h)
LESS_PATHS  := -Xclang -analyzer-config -Xclang max-nodes=75000
NO_PATHS    := bpf/% $(PROGRAMS_IN)/% tests/unit/% examples/coroutine_%
.PHONY: lint-format lint-text lint-man lint-cppcheck lint-tidy

lint-format: deps
	$(Q)$(FORMATTED) | xargs -r ls 2>/dev/null | xargs -r clang-format --dry-run -Werror
lint-text:
	$(Q)tests/check-text.sh
lint-man: deps
	$(Q)ls man/*.[1-9] 2>/dev/null | xargs -r mandoc -T lint -W warning
lint-cppcheck: deps
	$(Q)mkdir -p build/lint/cppcheck && cppcheck --quiet --error-exitcode=1 --inline-suppr -j 2 \
		--std=c11 --enable=warning,performance --cppcheck-build-dir=build/lint/cppcheck \
		--library=posix -Iuser -Imodel -Iinclude -D_GNU_SOURCE -D__x86_64__ -D__ELF__ \
		'-DLIBBPF_OPTS(type,name,...)=struct type name = { __VA_ARGS__ }' \
		--suppress=missingIncludeSystem --suppress=internalAstError \
		$(LIB_SOURCES) $(filter-out %.bpf.c,$(wildcard user/main.c tools/*.c examples/*.c examples/*/*.c tests/bench/*.c))
lint-tidy: $(TIDY)

$(TIDY): build/lint/%.tidy: % .clang-tidy $(HEADERS) | $(SKELETONS) $(BENCH_SKELS) deps
	$(call say,TIDY)
	$(Q)mkdir -p $(@D) && clang-tidy --quiet $(if $(filter $(NO_PATHS),$<),--checks=-clang-analyzer-*) $< -- \
		$(if $(filter %.cpp,$<),$(CXX_FLAGS),$(if $(filter %.bpf.c,$<),$(BPF_FLAGS),$(C_FLAGS))) \
		$(if $(filter examples/%.cpp,$<),-std=gnu++20) $(call package_flags,--cflags,$<) \
		$(if $(filter examples/% $(PROGRAMS_IN)/%,$<),,$(DEFINES)) \
		$(LESS_PATHS) $(subst -Ibuild,-isystem build,$(INCLUDES)) 2>$@.log || { grep -v ' generated\.$$' $@.log; exit 1; }
	$(Q)touch $@

# The tracer.
$(O)/asyncspan-trace: $(O)/user/main.o $(LIBRARY)
	$(call say,LINK)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) $^ $(LIBS) -o $@

$(LIBRARY): $(LIB_OBJECTS)
	$(call say,AR)
	$(Q)rm -f $@ && ar rcs $@ $^

$(OBJECTS): $(O)/%.o: %.c | $(SKELETONS) deps
	$(call say,CC)
	$(Q)mkdir -p $(@D) && $(CC) $(C_FLAGS) $(DEFINES) $(INCLUDES) $(DEPFLAGS) -c $< -o $@

# The programs in the kernel: C -> BPF object -> header with the object in it.
build/include/vmlinux.h: | deps
	$(call say,BTF)
	@test -r $(VMLINUX_BTF) || { echo "make: no kernel type information in $(VMLINUX_BTF):" \
		"give a file with it, make VMLINUX_BTF=/path/to/vmlinux" >&2; exit 1; }
	$(Q)mkdir -p $(@D) && bpftool btf dump file $(VMLINUX_BTF) format c > $@

build/bpf/%.bpf.o: bpf/%.bpf.c build/include/vmlinux.h
	$(call say,BPF)
	$(Q)mkdir -p $(@D) && $(CLANG) $(BPF_FLAGS) $(DEPFLAGS) -c $< -o $@ && llvm-strip -g $@

build/bpf/%.bpf.o: tests/bench/%.bpf.c build/include/vmlinux.h
	$(call say,BPF)
	$(Q)mkdir -p $(@D) && $(CLANG) $(BPF_FLAGS) $(DEPFLAGS) -c $< -o $@ && llvm-strip -g $@

build/include/%.skel.h: build/bpf/%.bpf.o
	$(call say,SKEL)
	$(Q){ echo '/* NOLINTBEGIN: generated */'; bpftool gen skeleton $< && echo '/* NOLINTEND */'; } > $@

# Applications that use include/asyncspan.h, and nothing else of ours.
$(EXAMPLES_C): $(O)/%: %.c | deps
	$(call say,CC)
	$(Q)mkdir -p $(@D) && $(CC) $(C_FLAGS) -Iinclude $(call package_flags,--cflags,$<) $(DEPFLAGS) \
		$(filter %.c,$^) $(LDFLAGS) $(call package_flags,--libs,$<) -pthread -o $@

$(EXAMPLES_CXX): $(O)/%: %.cpp | deps
	$(call say,CXX)
	$(Q)mkdir -p $(@D) && $(CXX) $(CXX_FLAGS) -std=gnu++20 -Iinclude $(DEPFLAGS) $< $(LDFLAGS) -pthread -o $@

$(O)/examples/http_server: $(wildcard examples/http/*.[ch])

$(TRACED_C): $(O)/tests/programs/%: $(PROGRAMS_IN)/%.c | deps
	$(call say,CC)
	$(Q)mkdir -p $(@D) && $(CC) $(C_FLAGS) -Iinclude $(DEPFLAGS) $< $(LDFLAGS) -pthread -ldl -o $@

$(TRACED_CXX): $(O)/tests/programs/%: $(PROGRAMS_IN)/%.cpp | deps
	$(call say,CXX)
	$(Q)mkdir -p $(@D) && $(CXX) $(CXX_FLAGS) -Iinclude $(DEPFLAGS) $< $(LDFLAGS) -pthread -ldl -o $@

$(PLUGINS): $(O)/tests/programs/%.so: $(PROGRAMS_IN)/%.c | deps
	$(call say,CC)
	$(Q)mkdir -p $(@D) && $(CC) $(C_FLAGS) -fPIC -shared -Iinclude $(DEPFLAGS) $< $(LDFLAGS) -o $@

include $(wildcard $(PROGRAMS_IN)/variants.mk)

# Unit tests, developer tools and measuring programs: one file each, linked with the library.
$(UNIT_TESTS): $(O)/%: %.c $(UNIT_HELP) $(LIBRARY) | deps
	$(call say,CC)
	$(Q)mkdir -p $(@D) && $(CC) $(C_FLAGS) $(DEFINES) $(INCLUDES) $(DEPFLAGS) $< $(UNIT_HELP) \
		$(LIBRARY) $(LDFLAGS) $(LIBS) -lcmocka -o $@

$(TOOLS): $(O)/%: %.c $(LIBRARY) | deps
	$(call say,CC)
	$(Q)mkdir -p $(@D) && $(CC) $(C_FLAGS) $(DEFINES) $(INCLUDES) $(DEPFLAGS) $< \
		$(LIBRARY) $(LDFLAGS) $(LIBS) -o $@

$(BENCH): $(O)/%: tests/%.c $(LIBRARY) $(BENCH_SKELS) | deps
	$(call say,CC)
	$(Q)mkdir -p $(@D) && $(CC) $(C_FLAGS) $(DEFINES) $(INCLUDES) $(DEPFLAGS) $< \
		$(LIBRARY) $(LDFLAGS) $(LIBS) -o $@

include tests/model/model.mk
include tests/fuzz/fuzz.mk

-include $(OUTPUTS:=.d) $(wildcard build/bpf/*.d)
