# SPDX-License-Identifier: MIT
# Tests. A host-side test or fuzzer names, in a line `// SOURCES: a.c b.c`, the files of the
# hypervisor that it links: the very same sources, under ASan and UBSan.

HOST_CC     = clang
HOST_CFLAGS = -std=gnu11 -O1 -g -Wall -Wextra -Werror -Wshadow -Wconversion -Wno-unused-parameter \
	-Itests/unit/fake -I. -fno-omit-frame-pointer -fsanitize=address,undefined \
	-fno-sanitize-recover=all -DASHLAR_VERSION='"$(VERSION)"' \
	-DDIRECT_BASE=0x200000000000ul

UNIT_TESTS := $(patsubst tests/unit/%.c,%,$(sort $(wildcard tests/unit/test_*.c)))
FUZZERS    := $(patsubst tests/fuzz/%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
FUZZ_TIME ?= 6

sources_of = $(shell sed -n 's|^// SOURCES: ||p' $(1))

# Objects are shared by all that link them, with the fuzzers' instrumentation; where there is no
# fuzzer, ASan's runtime has what that calls.
HOST_OBJECT = $(HOST_CC) $(HOST_CFLAGS) -fsanitize=fuzzer-no-link
HOST_STAMP := $(B)/host/flags
ifneq ($(shell cat $(HOST_STAMP) 2>/dev/null),$(HOST_OBJECT))
$(shell mkdir -p $(B)/host; echo '$(subst ','\'',$(HOST_OBJECT))' > $(HOST_STAMP))
endif

$(B)/host/obj/%.o: %.c $(HOST_STAMP) | $(B)/packages-CHECK
	@mkdir -p $(@D)
	$(Q)$(HOST_OBJECT) -MMD -MP -c $< -o $@

host_objects = $(patsubst %.c,$(B)/host/obj/%.o,$(1) $(call sources_of,$(1)) tests/unit/fake/fakes.c)

define host_program # name, source, flags
$(B)/host/$(1): $(call host_objects,$(2))
	$$(SAY) LD $$@
	$$(Q)$$(HOST_CC) $$(HOST_CFLAGS) $$^ -o $$@ $(3)
HOST_OBJECTS += $(call host_objects,$(2))
endef

$(foreach t,$(UNIT_TESTS),$(eval $(call host_program,$(t),tests/unit/$(t).c,-lcmocka)))
$(foreach f,$(FUZZERS),$(eval $(call host_program,$(f),tests/fuzz/$(f).c,-fsanitize=fuzzer)))
.SECONDARY: $(HOST_OBJECTS)
-include $(sort $(HOST_OBJECTS:.o=.d))

# As many jobs as CPUs, unless make was told how many.
JOBS = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))

.PHONY: unit fuzz fuzz-short static tidy system check test bench soak

# What is not built counts as failed, and the others still run.
unit: | $(B)/packages-CHECK ## the unit tests alone
	@$(MAKE) --no-print-directory $(JOBS) -k $(UNIT_TESTS:%=$(B)/host/%); built=$$?; \
		tests/unit/run $(UNIT_TESTS:%=$(B)/host/%) && [ $$built -eq 0 ]

fuzz: $(FUZZERS:%=$(B)/host/%) ## fuzz without end (FUZZ_TIME=seconds each to bound it)
	@tests/fuzz/run forever $^

fuzz-short: | $(B)/packages-CHECK
	@$(MAKE) --no-print-directory $(JOBS) -k $(FUZZERS:%=$(B)/host/%); built=$$?; \
		tests/fuzz/run $(FUZZ_TIME) $(FUZZERS:%=$(B)/host/%) && [ $$built -eq 0 ]

PYTHON = /usr/bin/python3
PYTEST = $(PYTHON) -m pytest -q

# The checks of the tree; `tidy` are those and clang-tidy, which takes minutes.
static: | $(B)/packages-CHECK $(B)/packages-BUILD
	@$(PYTHON) tools/check/check.py -- $(CFLAGS)

tidy: | $(B)/packages-CHECK $(B)/packages-BUILD
	@$(PYTHON) tools/check/check.py --tidy -- $(CFLAGS)

# Whole machines, two at a time; PYTEST_ARGS="-k panic" chooses among them.
system: all guests $(TEST_IMAGES) | $(B)/packages-TEST
	@$(PYTEST) -n 2 $(PYTEST_ARGS) tests/system tools/check

# One runner after the other, whether or not one fails; each closes with its own total.
define run_each
+@failed=; for runner in $(1); do \
	echo "== $$runner"; begin=$$(date +%s); \
	$(MAKE) --no-print-directory $(JOBS) $$runner || failed="$$failed $$runner"; \
	echo "== $$runner took $$(($$(date +%s) - begin)) s"; \
done; \
if [ -n "$$failed" ]; then echo "make $@: failed:$$failed"; exit 1; fi; \
echo "make $@: all passed ($(1))"
endef

check: ## the quick part: unit tests and static checks
	$(call run_each,unit static)

test: $(B)/packages-TEST $(B)/packages-BUILD ## every test: unit, fuzz, static, whole machines
	$(call run_each,all unit fuzz-short tidy system)

bench: all guests | $(B)/packages-TEST ## the figures beside their targets (BENCH=guest: one part)
	@$(PYTHON) tools/bench.py $(BENCH)

SOAK_QEMU  ?= 200
SOAK_BOCHS ?= 20
SOAK_CYCLES ?= 10000
soak: all guests | $(B)/packages-TEST ## boot again and again (SOAK_QEMU=200 SOAK_BOCHS=20 times), start VMs (SOAK_CYCLES=10000)
	@$(PYTHON) tests/system/soak.py $(SOAK_QEMU) $(SOAK_BOCHS) $(SOAK_CYCLES)
	@WAKE_UPS=all $(PYTEST) -n 2 -k wake_ups tests/system/test_time.py
