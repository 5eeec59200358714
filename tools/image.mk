# SPDX-License-Identifier: MIT
# build/mkimage, which makes bootable images; the image of $(CONFIG); and a machine to run it in.

MKIMAGE_SOURCES := $(sort $(wildcard tools/mkimage/*.c)) \
	$(filter-out core/config_cmdline.c,$(sort $(wildcard core/config*.c))) \
	lib/distance.c lib/format.c lib/ini.c lib/text.c
MKIMAGE_OBJECTS := $(MKIMAGE_SOURCES:%.c=$(B)/mkimage.obj/%.o)
HOSTCFLAGS := -std=gnu11 -O2 -g $(WARNINGS) -I.

$(B)/mkimage.obj/%.o: %.c tools/image.mk | $(B)/packages-IMAGE
	@mkdir -p $(@D)
	$(SAY) HOSTCC $<
	$(Q)$(HOSTCC) $(HOSTCFLAGS) -MMD -MP -c $< -o $@

$(B)/mkimage: $(MKIMAGE_OBJECTS)
	$(SAY) LD $@
	$(Q)$(HOSTCC) $^ -o $@

-include $(MKIMAGE_OBJECTS:.o=.d)

.PHONY: iso run

# Made anew each time, which takes less than a second: what CONFIG names may have changed.
iso: $(B)/ashlar.elf $(B)/mkimage $(if $(filter guests/demo/%,$(CONFIG)),demo) | $(B)/packages-IMAGE ## build/ashlar.iso, of CONFIG=path
	$(B)/mkimage '$(subst ','\'',$(CONFIG))' -o $(B)/ashlar.iso

run: iso | $(B)/packages-RUN ## boot it and talk to its shell (MACHINE=svm|vmx|kvm)
	@tools/run $(B)/ashlar.iso $(MACHINE)
