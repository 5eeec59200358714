# SPDX-License-Identifier: MIT
# Tests. A host-side test or fuzzer names, in a line `// SOURCES: a.c b.c`, the files of the
# hypervisor that it links: the very same sources, under ASan and UBSan.

HOST_CC     = clang
HOST_CFLAGS = -std=gnu11 -O1 -g -Wall -Wextra -Werror -Wshadow -Wconversion -Wno-unused-parameter \
	-Itests/unit/fake -I. -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=all -DASHLAR_VERSION='"$(VERSION)"'

UNIT_TESTS := $(patsubst tests/unit/%.c,%,$(sort $(wildcard tests/unit/test_*.c)))
FUZZERS    := $(patsubst tests/fuzz/%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
FUZZ_TIME ?= 10

sources_of = $(shell sed -n 's|^// SOURCES: ||p' $(1))

define host_program # name, source, flags
$(B)/host/$(1): $(2) $(call sources_of,$(2)) tests/unit/fake/fakes.c | $(B)/packages-CHECK
	@mkdir -p $$(@D)
	$$(HOST_CC) $$(HOST_CFLAGS) $(3) -MMD -MP -MF $$@.d $$(filter %.c,$$^) -o $$@ $(4)
-include $(B)/host/$(1).d
endef

$(foreach t,$(UNIT_TESTS),$(eval $(call host_program,$(t),tests/unit/$(t).c,,-lcmocka)))
$(foreach f,$(FUZZERS),$(eval $(call host_program,$(f),tests/fuzz/$(f).c,-fsanitize=fuzzer,)))

.PHONY: unit fuzz fuzz-short check test bench soak

unit: $(UNIT_TESTS:%=$(B)/host/%) ## the unit tests alone
	@tests/unit/run $^

fuzz: $(FUZZERS:%=$(B)/host/%) ## fuzz without end (FUZZ_TIME=seconds each to bound it)
	@tests/fuzz/run forever $^

fuzz-short: $(FUZZERS:%=$(B)/host/%)
	@tests/fuzz/run $(FUZZ_TIME) $^
