/* SPDX-License-Identifier: MIT */
/* AMD's world switch. Chosen by virt_detect(); used through its table alone. */
#pragma once

#include "arch/x86_64/virt.h"

extern const struct virt_ops svm_ops;
