# SPDX-License-Identifier: BSD-2-Clause
# The program `basic` built in other ways that users build, and one linked with a shared library.

BASIC_VARIANTS := $(addprefix $(O)/tests/programs/basic_,clang O0 nopie static lto stripped)
programs: $(BASIC_VARIANTS) $(O)/tests/programs/shared

$(BASIC_VARIANTS): $(PROGRAMS_IN)/basic.c | deps
	$(call say,CC)
	$(Q)mkdir -p $(@D) && $(VARIANT_CC) $(C_FLAGS) -Iinclude $(DEPFLAGS) $< $(LDFLAGS) $(VARIANT_FLAGS) \
		-pthread -o $@

$(BASIC_VARIANTS): VARIANT_CC = $(CC)
$(O)/tests/programs/basic_clang: VARIANT_CC = $(CLANG)
$(O)/tests/programs/basic_O0: VARIANT_FLAGS = -O0 -U_FORTIFY_SOURCE
$(O)/tests/programs/basic_nopie: VARIANT_FLAGS = -fno-pie -no-pie
$(O)/tests/programs/basic_static: VARIANT_FLAGS = -static
$(O)/tests/programs/basic_lto: VARIANT_FLAGS = -flto
$(O)/tests/programs/basic_stripped: VARIANT_FLAGS = -s

$(O)/tests/programs/libscenario.so: $(PROGRAMS_IN)/variants/scenario_library.c | deps
	$(call say,CC)
	$(Q)mkdir -p $(@D) && $(CC) $(C_FLAGS) -fPIC -shared -Iinclude $(DEPFLAGS) $< $(LDFLAGS) \
		-Wl,-soname,$(@F) -o $@

$(O)/tests/programs/shared: $(PROGRAMS_IN)/variants/shared.c $(O)/tests/programs/libscenario.so
	$(call say,CC)
	$(Q)mkdir -p $(@D) && $(CC) $(C_FLAGS) -Iinclude $(DEPFLAGS) $(filter %.c %.so,$^) $(LDFLAGS) -Wl,-rpath,'$$ORIGIN' -o $@

# Nothing of this plug-in but its one function may be seen by others.
$(O)/tests/programs/plugin_two.so: LDFLAGS += -Wl,--version-script=$(PROGRAMS_IN)/plugin_two.map
$(O)/tests/programs/plugin_two.so: $(PROGRAMS_IN)/plugin_two.map

-include $(BASIC_VARIANTS:=.d) $(O)/tests/programs/shared.d $(O)/tests/programs/libscenario.so.d
