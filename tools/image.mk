# SPDX-License-Identifier: MIT
# build/mkimage, which makes bootable images; the image of $(CONFIG); and a machine to run it in.

MKIMAGE_SOURCES := $(sort $(wildcard tools/mkimage/*.c)) core/config.c core/config_keys.c \
	core/config_words.c lib/distance.c lib/format.c lib/ini.c lib/text.c
MKIMAGE_OBJECTS := $(MKIMAGE_SOURCES:%.c=$(B)/mkimage.obj/%.o)
HOSTCFLAGS := -std=gnu11 -O2 -g $(WARNINGS) -I. -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64

$(B)/mkimage.obj/%.o: %.c tools/image.mk | $(B)/packages-IMAGE
	@mkdir -p $(@D)
	$(SAY) CC $@
	$(Q)$(HOSTCC) $(HOSTCFLAGS) -MMD -MP -c $< -o $@

$(B)/mkimage: $(MKIMAGE_OBJECTS)
	$(SAY) CC $@
	$(Q)$(HOSTCC) $^ -o $@

-include $(MKIMAGE_OBJECTS:.o=.d)
