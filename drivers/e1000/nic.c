/* SPDX-License-Identifier: MIT */
/* A NIC's life: started, stopped, and what it is like. */
#include "drivers/e1000/nic.h"

#include "arch/x86_64/time.h"
#include "drivers/e1000/nic_parts.h"
#include "drivers/pci_regs.h"
#include "lib/format.h"
#include "lib/log.h"
#include "lib/string.h"

/* From a reset to frames. The NIC may touch memory only once it knows which. */
int
nic_bring_up(struct nic *nic)
{
	int err;

	pci_master_off_one(nic->function);
	err = nic_reset(nic);
	if (err != 0)
		return err;
	nic_rings_set_up(nic);
	pci_master_on(nic->function);
	if (!nic_polls(nic) || nic->state == NIC_STOPPED)
		nic_irq_find(nic);
	(void)nic_update_link(nic, nic_read(nic, E1000_STATUS));
	nic_rings_run(nic);
	nic->watch.progress_ns = clock_ns();
	nic->watch.rx_missed_interrupts = 0;
	nic->state = NIC_RUNNING;
	nic_irq_arm(nic);
	return 0;
}

static const char *
way_name(const struct nic *nic)
{
	static const char *const names[] = {"none", "MSI", "INTx", "polled"};

	return names[nic->irq.way];
}

static void
say_started(const struct nic *nic)
{
	char input[24] = "";

	if (nic->irq.way == NIC_WAY_LINE)
		format(input, sizeof(input), " at input %u", nic->irq.gsi);
	log_info("%s: started, interrupts: %s%s", nic->name, way_name(nic), input);
}

int
nic_start(struct nic *nic, const struct nic_client *client)
{
	int err;

	if (nic->state == NIC_RUNNING || nic->state == NIC_RESETTING)
		return fail(-ERR_BUSY);
	if (nic->regs == NULL)
		return fail(-ERR_NODEV);
	err = nic_rings_alloc(nic);
	if (err != 0)
		return err;
	nic->client = *client;
	nic->watch = (struct nic_watch){0};
	nic->state = NIC_STOPPED;
	if (nic->model->is_82574)
		pci_aspm_off(nic->function); /* L0s and L1 lose completions: 82574 specification
						update */
	err = nic_bring_up(nic);
	if (err == 0) {
		say_started(nic);
		return 0;
	}
	nic->state = NIC_FAILED; /* what it may still do to its memory is unknown: that is kept */
	log_error("%s: it can't be set up: %s", nic->name, error_text(err));
	return err;
}

void
nic_silence(struct nic *nic)
{
	nic_rings_close(nic);
	nic_irq_off(nic);
	pci_master_off_one(nic->function);
}

void
nic_stop(struct nic *nic)
{
	if (nic->state == NIC_STOPPED || nic->memory.v == 0)
		return;
	nic_irq_release(nic);
	nic_silence(nic);
	if (nic->state != NIC_FAILED && nic_reset(nic) == 0) {
		nic_rings_free(nic);
		nic->state = NIC_STOPPED;
		return;
	}
	nic->state = NIC_FAILED;
}

void
nic_info(const struct nic *nic, struct nic_info *out)
{
	*out = (struct nic_info){
		.name = nic->name,
		.model = nic->model->name,
		.interrupts = way_name(nic),
		.addr = nic->function->addr,
		.gsi = nic->irq.gsi,
		.state = nic->state,
		.link_up = nic->link_up,
		.full_duplex = nic->full_duplex,
		.speed = nic->speed,
		.counters = nic->counters,
	};
	memcpy(out->mac, nic->mac, NIC_MAC);
}

const char *
nic_name(const struct nic *nic)
{
	return nic->name;
}

const u8 *
nic_mac(const struct nic *nic)
{
	return nic->mac;
}

bool
nic_link_up(const struct nic *nic)
{
	return READ_ONCE(nic->link_up);
}

const char *
nic_state_name(enum nic_state state)
{
	static const char *const names[] = {
		[NIC_STOPPED] = "stopped",
		[NIC_RUNNING] = "running",
		[NIC_RESETTING] = "resetting",
		[NIC_FAILED] = "failed",
	};

	return names[state];
}
