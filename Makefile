# SPDX-License-Identifier: MIT
# Ashlar: `make` builds build/ashlar.elf and build/mkimage; `make help` lists the rest.

CC      = gcc
HOSTCC  = gcc
B       = build
CONFIG ?= guests/demo/ashlar.conf
VERSION = 0.1.0

# What each target needs, as Debian packages; tools/need installs what is not there.
BUILD_PACKAGES = gcc libc6-dev nasm lld binutils
IMAGE_PACKAGES = grub-common grub-pc-bin grub-efi-amd64-bin xorriso mtools
RUN_PACKAGES   = qemu-system-x86 ovmf bochs bochs-term bochsbios vgabios socat
GUEST_PACKAGES = python3 zstd binutils
CHECK_PACKAGES = clang nasm clang-format clang-tidy cppcheck libcmocka-dev libclang-rt-14-dev \
	universal-ctags python3 acpica-tools groff-base
TEST_PACKAGES  = $(CHECK_PACKAGES) $(IMAGE_PACKAGES) $(RUN_PACKAGES) python3-pytest \
	python3-pexpect python3-pytest-xdist python3-pytest-timeout tshark

.PHONY: all
all: $(B)/ashlar.elf $(B)/mkimage

include tools/kernel.mk
include tools/image.mk
include tools/guests.mk
include tools/test.mk

.PHONY: help clean
help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

clean: ## remove build/
	rm -rf $(B)

.PRECIOUS: $(B)/packages-%

# Every target that needs packages depends on its stamp; the lists are checked again when they change.
$(B)/packages-%: Makefile
	@mkdir -p $(B)
	@tools/need $($*_PACKAGES)
	@touch $@
