# SPDX-License-Identifier: BSD-2-Clause
# The reference model: linked into tests/unit/test_model.c, and asked by tests/e2e/test_model.py.
MODEL_OBJECTS := $(O)/tests/model/reference.o $(O)/tests/model/walk.o
EXPECT        := $(O)/tests/model/expect

programs: $(EXPECT)
$(O)/tests/unit/test_model: $(MODEL_OBJECTS)
$(O)/tests/unit/test_model: UNIT_HELP += $(MODEL_OBJECTS)

$(MODEL_OBJECTS): $(O)/%.o: %.c | deps
	$(call say,CC)
	$(Q)mkdir -p $(@D) && $(CC) $(C_FLAGS) $(DEFINES) $(DEPFLAGS) -c $< -o $@

$(EXPECT): tests/model/expect.c $(MODEL_OBJECTS) | deps
	$(call say,CC)
	$(Q)mkdir -p $(@D) && $(CC) $(C_FLAGS) $(DEFINES) $(DEPFLAGS) $< $(MODEL_OBJECTS) $(LDFLAGS) -o $@

-include $(MODEL_OBJECTS:=.d) $(EXPECT).d
