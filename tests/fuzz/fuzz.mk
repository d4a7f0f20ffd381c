# SPDX-License-Identifier: BSD-2-Clause
# libFuzzer on what reads files. `make fuzz` searches for FUZZ_SECONDS and keeps what it finds in build/fuzz;
# the test command runs it with FUZZ_RUNS instead. A crash leaves its input beside the corpus.
FUZZ_SECONDS ?= 600
FUZZ_RUNS    ?= 0
FUZZ         := build/fuzz
FUZZ_SOURCES := $(wildcard user/base/*.c user/parquet/*.c)
FUZZ_FLAGS   := -std=gnu11 $(WARNINGS) -O1 -g -fno-omit-frame-pointer $(DEFINES) $(INCLUDES) \
		-fsanitize=address,undefined -fno-sanitize-recover=all -Wl,--wrap=crc32_z
FUZZ_LIMITS  := -timeout=25 -rss_limit_mb=2500 -malloc_limit_mb=1100 -max_len=8192
.PHONY: fuzz

fuzz: $(FUZZ)/fuzz_reader $(FUZZ)/seeds ## search for input that the reader of files cannot take
	$(Q)mkdir -p $(FUZZ)/corpus && $(FUZZ)/fuzz_reader $(FUZZ_LIMITS) -artifact_prefix=$(FUZZ)/ \
		$(if $(filter-out 0,$(FUZZ_RUNS)),-seed=1 -runs=$(FUZZ_RUNS) $(FUZZ)/seeds,\
		-max_total_time=$(FUZZ_SECONDS) $(FUZZ)/corpus $(FUZZ)/seeds) \
		2>$(FUZZ)/log || { tail -50 $(FUZZ)/log; exit 1; }
	$(Q)tail -1 $(FUZZ)/log

$(FUZZ)/fuzz_reader: tests/fuzz/fuzz_reader.c tests/fuzz/no_checksum.c $(FUZZ_SOURCES) $(HEADERS) | deps
	$(call say,FUZZ)
	$(Q)mkdir -p $(@D) && $(CLANG) $(FUZZ_FLAGS) -fsanitize=fuzzer $(filter %.c,$^) $(LIBS) -o $@

$(FUZZ)/write_seeds: tests/fuzz/write_seeds.c tests/fuzz/no_checksum.c $(FUZZ_SOURCES) $(HEADERS) | deps
	$(call say,CC)
	$(Q)mkdir -p $(@D) && $(CLANG) $(FUZZ_FLAGS) $(filter %.c,$^) $(LIBS) -o $@

$(FUZZ)/seeds: $(FUZZ)/write_seeds
	$(Q)rm -rf $@ && mkdir -p $@ && $< $@
