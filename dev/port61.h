/* SPDX-License-Identifier: MIT */
/*
 * Port 61h, system control port B (PC AT technical reference; Intel ICH data sheets, NMI_SC): the
 * gate of the timer's counter 2 and the speaker, counter 2's output, and the refresh toggle. No
 * error ever raises an NMI here: bits 7:6 are 0. The state is one byte, read and written at once,
 * so there is no lock; the timer's is taken for its counter.
 */
#pragma once

#include "dev/pit.h"

struct port61 {
	struct device dev;
	struct pit_model *pit;
	u8 control; /* bits 3:0 as written */
};

void port61_init(struct port61 *port, struct pit_model *pit);
__must_check int port61_attach(struct port61 *port, struct bus *bus);
