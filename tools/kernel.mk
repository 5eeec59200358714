# SPDX-License-Identifier: MIT
# build/ashlar.elf: the hypervisor, without debug sections (those are in build/ashlar.debug).

# `make V=1` shows the commands.
Q   := $(if $(V),,@)
SAY := @$(if $(V),true,echo)

DIRS := boot lib arch/x86_64 arch/x86_64/vmx arch/x86_64/svm mm mm/ept sched core emul dev drivers iommu iommu/vtd \
	iommu/amdvi net drivers/e1000 shell

C_SOURCES   := $(sort $(wildcard $(addsuffix /*.c,$(DIRS))))
ASM_SOURCES := $(sort $(wildcard $(addsuffix /*.asm,$(DIRS))))
OBJECTS     := $(C_SOURCES:%.c=$(B)/obj/%.o) $(ASM_SOURCES:%.asm=$(B)/obj/%.asm.o)

WARNINGS := -Wall -Wextra -Werror -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
	-Wvla -Wundef
CFLAGS := -std=gnu11 -O2 -g $(WARNINGS) -I. -ffreestanding -fno-pie -mcmodel=kernel \
	-mno-red-zone -mgeneral-regs-only -fstack-protector-strong -mstack-protector-guard=global \
	-fno-omit-frame-pointer -fno-common -fno-strict-aliasing -fno-delete-null-pointer-checks \
	-fno-asynchronous-unwind-tables -fcf-protection=none -ffile-prefix-map=$(CURDIR)=. \
	-ffunction-sections -fdata-sections \
	-DASHLAR_VERSION='"$(VERSION)"'
LDFLAGS := -nostdlib -static --build-id=none -z max-page-size=4096 -z noexecstack --gc-sections -O2

# What runs once, or at a person's pace, is built for size: the path of an exit is not.
COLD := boot/% shell/% drivers/% iommu/% mm/% core/load% core/config% core/preflight% core/power% \
	core/vm% core/guest_tables% core/cpuid_decode% core/mtrr% dev/acpi% dev/smbios% dev/rtc% \
	dev/i8042% dev/reset_ports% lib/format% lib/ini% lib/text% arch/x86_64/panic% \
	arch/x86_64/symbols% arch/x86_64/smp% arch/x86_64/probe% arch/x86_64/features% \
	arch/x86_64/refclock% arch/x86_64/tsc% arch/x86_64/ioapic% arch/x86_64/svm/svm_caps% \
	arch/x86_64/vmx/vmx_caps% arch/x86_64/vmx/vmx_check% arch/x86_64/vmx/vmx_controls% \
	arch/x86_64/vmx/vmx_dump% net/dhcp% net/dns% net/describe% net/text% net/ping% net/network%
# Among them: what every access to a device, and every frame, passes.
HOT  := boot/platform.c boot/network_worker.c drivers/e1000/nic_rx.c drivers/e1000/nic_tx.c drivers/e1000/model%
optimisation = $(if $(filter $(COLD),$(filter-out $(HOT),$(1))),-Os)

# Changes when the compiler or its flags do, so that everything is built again.
FLAGS_STAMP := $(B)/obj/flags
ifneq ($(shell cat $(FLAGS_STAMP) 2>/dev/null),$(CC) $(CFLAGS) $(COLD) $(LDFLAGS))
$(shell mkdir -p $(B)/obj; echo '$(subst ','\'',$(CC) $(CFLAGS) $(COLD) $(LDFLAGS))' > $(FLAGS_STAMP))
endif

# Changes when a source comes or goes: what is linked without a file that has gone is older than none
# of those that stay.
OBJECTS_STAMP := $(B)/obj/objects
ifneq ($(shell cat $(OBJECTS_STAMP) 2>/dev/null),$(OBJECTS))
$(shell mkdir -p $(B)/obj; echo '$(OBJECTS)' > $(OBJECTS_STAMP))
endif

$(B)/obj/%.o: %.c $(FLAGS_STAMP) | $(B)/packages-BUILD
	@mkdir -p $(@D)
	$(SAY) CC $<
	$(Q)$(CC) $(CFLAGS) $(call optimisation,$<) -MMD -MP -c $< -o $@

$(B)/obj/%.asm.o: %.asm | $(B)/packages-BUILD
	@mkdir -p $(@D)
	$(SAY) AS $<
	$(Q)nasm -f elf64 -I. -MD $(@:.o=.d) -MP $< -o $@

# Linked twice: first with an empty symbol table, then with the one made from the first. The table
# is the last segment, so nothing else moves.
$(B)/obj/symbols-none.asm: tools/symbols.awk | $(B)/packages-BUILD
	$(Q)awk -f tools/symbols.awk </dev/null >$@

$(B)/obj/symbols.asm: $(B)/obj/ashlar.first tools/symbols.awk
	$(Q)nm -n $< | awk -f tools/symbols.awk >$@

$(B)/obj/symbols%o: $(B)/obj/symbols%asm
	$(Q)nasm -f elf64 $< -o $@

$(B)/obj/ashlar.first: $(OBJECTS) $(B)/obj/symbols-none.o linker.ld $(OBJECTS_STAMP)
	$(SAY) LD $@
	$(Q)ld.lld $(LDFLAGS) -T linker.ld $(OBJECTS) $(B)/obj/symbols-none.o -o $@

$(B)/ashlar.debug: $(OBJECTS) $(B)/obj/symbols.o linker.ld $(OBJECTS_STAMP)
	$(SAY) LD $@
	$(Q)ld.lld $(LDFLAGS) -T linker.ld $(OBJECTS) $(B)/obj/symbols.o -o $@

$(B)/ashlar.elf: $(B)/ashlar.debug
	$(Q)objcopy --strip-all $< $@

-include $(C_SOURCES:%.c=$(B)/obj/%.d) $(ASM_SOURCES:%.asm=$(B)/obj/%.asm.d)

# The same image with another entry, for tests: each stands for a boot loader or firmware that GRUB
# and the emulators don't give us.
TEST_ENTRIES := x2apic broken_tags no_rsdp
TEST_IMAGES  := $(TEST_ENTRIES:%=$(B)/tests/ashlar-%.elf)

$(TEST_IMAGES): $(B)/tests/ashlar-%.elf: $(OBJECTS) $(B)/obj/symbols.o \
		$(B)/obj/tests/system/%_entry.asm.o
	@mkdir -p $(@D)
	$(SAY) LD $@
	$(Q)ld.lld $(LDFLAGS) -T linker.ld -e $*_entry $^ -o $@.full
	$(Q)objcopy --strip-all $@.full $@
