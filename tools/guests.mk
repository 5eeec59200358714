# SPDX-License-Identifier: MIT
# What runs on top: a Linux made of Debian packages, and the test guests of guests/tests.

.PHONY: guests linux demo
guests: linux ## the guests that the demo and the tests run

# Debian's own kernel as it is, also unpacked (vmlinux boots by PVH, without unpacking itself), and
# a shell. Downloads are kept: only `make clean` fetches them again.
LINUX := $(B)/guests/linux
linux: demo $(LINUX)/vmlinuz $(LINUX)/initrd.img $(LINUX)/measure.img $(LINUX)/net.img

# What guests/demo/ashlar.conf names.
demo: $(LINUX)/vmlinux $(LINUX)/demo.img

$(LINUX)/vmlinuz: | $(B)/packages-GUEST
	@mkdir -p $(@D)
	@guests/linux/fetch 'boot/vmlinuz-*' $@ linux-image-amd64 linux-image-generic

$(LINUX)/busybox: | $(B)/packages-GUEST
	@mkdir -p $(@D)
	@guests/linux/fetch '*bin/busybox' $@ busybox-static

# Kernel modules, in the order in which they are loaded; one that Ubuntu's kernel has built in is empty.
# Those of the power button tell Linux' programs of it.
MODULES     := $(LINUX)/button.ko $(LINUX)/evdev.ko
NET_MODULES := $(LINUX)/e1000.ko
VLAN_MODULES := $(patsubst %,$(LINUX)/%.ko,llc stp garp mrp 8021q)
$(LINUX)/%.ko: | $(B)/packages-GUEST
	@mkdir -p $(@D)
	@guests/linux/fetch '*lib/modules/*/kernel/*/$*.ko*' $@ linux-image-amd64 linux-image-generic

# Programs that busybox has not, with the libraries that they need.
$(LINUX)/tools: guests/linux/programs.py guests/linux/fetch | $(B)/packages-GUEST
	$(SAY) FETCH $@
	$(Q)$(PYTHON) guests/linux/programs.py $@ ethtool=ethtool lspci=pciutils iperf3=iperf3

$(LINUX)/vmlinux: $(LINUX)/vmlinuz guests/linux/vmlinux.py
	$(SAY) UNPACK $@
	$(Q)$(PYTHON) guests/linux/vmlinux.py $< $@

$(LINUX)/initrd.img: guests/linux/init $(LINUX)/busybox $(MODULES) guests/linux/initramfs.py
	$(SAY) PACK $@
	$(Q)$(PYTHON) guests/linux/initramfs.py $< $(LINUX)/busybox $@ $(MODULES)

# The same with a network by the e1000's driver: the demo's, and the tests' with tools and VLANs.
$(LINUX)/demo.img: guests/linux/init guests/linux/dhcp-event $(LINUX)/busybox $(MODULES) $(NET_MODULES) \
		guests/linux/initramfs.py
	$(SAY) PACK $@
	$(Q)$(PYTHON) guests/linux/initramfs.py $< $(LINUX)/busybox $@ guests/linux/dhcp-event $(MODULES) \
		$(NET_MODULES)

$(LINUX)/net.img: guests/linux/init guests/linux/dhcp-event $(LINUX)/busybox $(MODULES) $(NET_MODULES) \
		$(VLAN_MODULES) $(LINUX)/tools guests/linux/initramfs.py
	$(SAY) PACK $@
	$(Q)$(PYTHON) guests/linux/initramfs.py $< $(LINUX)/busybox $@ guests/linux/dhcp-event $(MODULES) \
		$(NET_MODULES) $(VLAN_MODULES) $(LINUX)/tools

# The one without a network, with a program that measures (tests/system/linux_figures.py).
$(LINUX)/measure: guests/linux/measure.c | $(B)/packages-BUILD
	@mkdir -p $(@D)
	$(Q)$(HOSTCC) -std=gnu11 -O2 -Wall -Wextra -Werror -static $< -o $@

$(LINUX)/measure.img: guests/linux/measure-init $(LINUX)/busybox $(LINUX)/measure guests/linux/initramfs.py
	$(SAY) PACK $@
	$(Q)$(PYTHON) guests/linux/initramfs.py $< $(LINUX)/busybox $@ $(LINUX)/measure

# The test guests: one C file each, with what guests/lib and lib/ give; a table says how each is
# loaded, and with that which header it has. A firmware image is one assembler file.
comma        := ,
GUEST_TABLES := guests/tests/guests.txt guests/tests/hostile.txt guests/tests/network.txt
GUEST_ROWS   := $(shell awk '!/^\#/ && NF { print $$1 "," $$2 }' $(word 1,$(GUEST_TABLES)); \
	awk '!/^\#/ && NF && !seen[$$2]++ { print $$2 "," $$3 }' $(wordlist 2,3,$(GUEST_TABLES))) bench,pvh turns,pvh
GUEST_NAMES  := $(foreach row,$(GUEST_ROWS),$(firstword $(subst $(comma), ,$(row))))
GUEST_CFLAGS  = $(filter-out -mcmodel=% -fstack-protector% -mstack-protector%,$(CFLAGS))
GUEST_LIB    := $(patsubst %.c,$(B)/guests/obj/%.o,$(wildcard guests/lib/*.c) lib/format.c \
	lib/string.c) $(patsubst %,$(B)/guests/obj/guests/lib/%.asm.o,start vectors ap user \
	protected)
guest_rule    = $(if $(filter firmware,$(2)),$(call guest_firmware,$(1)),$(call guest_program,$(1),$(2)))

guests: $(GUEST_NAMES:%=$(B)/guests/tests/%)

$(B)/guests/obj/%.o: %.c tools/guests.mk $(FLAGS_STAMP) | $(B)/packages-BUILD
	@mkdir -p $(@D)
	$(Q)$(CC) $(GUEST_CFLAGS) -MMD -MP -c $< -o $@

$(B)/guests/obj/%.asm.o: %.asm | $(B)/packages-BUILD
	@mkdir -p $(@D)
	$(Q)nasm -f elf64 -I. -MD $(@:.o=.d) -MP $< -o $@

guest_format_multiboot1 := -O elf32-i386
guest_format_bzimage32  := -O binary
guest_format_bzimage64  := -O binary

define guest_program # name, load
$(B)/guests/tests/$(1): $(B)/guests/obj/guests/tests/$(1).o $(GUEST_LIB) guests/lib/guest.ld \
		$(patsubst %,$(B)/guests/obj/%.o,$(wildcard guests/tests/$(1).asm)) \
		$(B)/guests/obj/guests/lib/header_$(2).asm.o $(if $(filter bzimage%,$(2)),guests/lib/bzimage.asm)
	@mkdir -p $$(@D)
	$$(SAY) GUEST $$@
	$$(Q)ld.lld $$(LDFLAGS) -T guests/lib/guest.ld $$(filter %.o,$$^) -o $(B)/guests/obj/$(1).elf
	$$(Q)objcopy --strip-all $(guest_format_$(2)) $(B)/guests/obj/$(1).elf $$@
	$(if $(filter bzimage%,$(2)),$$(Q)mv $$@ $(B)/guests/obj/$(1).bin && nasm -f bin -I. \
		-DLONG=$(if $(filter %64,$(2)),1,0) -DPAYLOAD="'$(B)/guests/obj/$(1).bin'" guests/lib/bzimage.asm -o $$@)
-include $(B)/guests/obj/guests/tests/$(1).d
endef

define guest_firmware # name
$(B)/guests/tests/$(1): guests/tests/$(1).asm | $(B)/packages-BUILD
	@mkdir -p $$(@D)
	$$(SAY) GUEST $$@
	$$(Q)nasm -f bin -I. $$< -o $$@
endef

$(foreach row,$(GUEST_ROWS),$(eval $(call guest_rule,$(firstword $(subst $(comma), ,$(row))),$(lastword \
	$(subst $(comma), ,$(row))))))
-include $(GUEST_LIB:.o=.d)
