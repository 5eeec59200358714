/* SPDX-License-Identifier: MIT */
// SOURCES: drivers/e1000/model.c drivers/e1000/model_regs.c drivers/e1000/model_eeprom.c
// SOURCES: drivers/e1000/model_phy.c drivers/e1000/model_stats.c drivers/e1000/model_irq.c
// SOURCES: drivers/e1000/model_tx.c drivers/e1000/model_tx_frame.c drivers/e1000/model_rx.c
// SOURCES: drivers/e1000/model_rx_filter.c dev/bus.c dev/pci.c dev/pci_device.c dev/pci_firmware.c
// SOURCES: net/switch.c net/switch_admit.c net/switch_look.c net/fdb.c net/segment.c net/frame.c
// SOURCES: net/checksum.c net/frame_queue.c boot/network_worker.c
// SOURCES: lib/lock.c lib/error.c lib/log.c lib/format.c lib/text.c
/*
 * The 82545EM between threads: a vCPU that writes TDT, resets and reads, its network's worker, a
 * peer that sends to it, another vCPU, and the clock.
 */
#include "tests/unit/test.h"

#include "boot/network_worker.h"
#include "lib/log.h"
#include "tests/unit/fake/e1000.h"
#include "tests/unit/fake/threads.h"

enum {
	RING = 512,	/* to send: more than anybody does at once */
	BUFFER = 0x400, /* one for each of its descriptors */
	LONGEST = 600,
	BEHIND_ETHERNET = ETH_HEADER + 8,
	FRAMES = 8000,
	LIVES = 1500,
	RECEIVED = 8000,
	POISON = 0xee,
};

/* What the peer may know of a frame of the guest's: in its bytes, behind Ethernet's header. */
struct stamp {
	u32 number;
	u32 life; /* how often the NIC had been reset */
};

static struct net_config network;
static struct network_worker worker;
static struct vm_nic nic;
static struct fake_port *peer = &fake_ports[0];
static u32 put;	 /* frames by the guest */
static u32 seen; /* by the peer: in order, without a hole where nothing is reset */
static u32 life, over;
static bool resets; /* then frames may be missing */
static const char *complaint;

/* Parts of the worker that have nothing to do here. */
void
nic_flush(struct nic *n)
{
}

bool
nic_receive(struct nic *n, unsigned budget, void (*fn)(void *, u8 *, u32), void *arg)
{
	return false;
}

void
nic_check(struct nic *n)
{
}

bool
nic_link_up(const struct nic *n)
{
	return false;
}

const char *
nic_name(const struct nic *n)
{
	return "";
}

int
nic_start(struct nic *n, const struct nic_client *client)
{
	return -ERR_NODEV;
}

bool
nic_polls(const struct nic *n)
{
	return false;
}

void
gateway_from_inside(struct gateway *g, u8 *frame, u32 len, unsigned owner, const char *name)
{
}

void
gateway_from_outside(struct gateway *g, u8 *frame, u32 len)
{
}

void
gateway_uplink_link(struct gateway *g, bool up)
{
}

void
gateway_tick(struct gateway *g)
{
}

void
network_outside(struct network *n, const u8 *bytes, u32 len, bool sent)
{
}

static u32
roll(u32 sides)
{
	return fake_roll() % sides;
}

static void
linger(u32 steps)
{
	for (volatile u32 i = 0; i < steps; i++)
		continue;
}

static void
kick(void *arg)
{
	network_kick(arg);
}

/* By whichever thread sends, with the switch's lock. */
static void
look(struct fake_port *p)
{
	struct stamp s;

	memcpy(&s, p->bytes + ETH_HEADER, sizeof(s));
	if (s.life <= __atomic_load_n(&over, __ATOMIC_SEQ_CST))
		complaint = "a frame of before the reset was sent after it";
	for (u32 i = BEHIND_ETHERNET; i < p->len; i++) {
		if (p->bytes[i] != (u8)s.number)
			complaint = "a frame's bytes are not its own";
	}
	if (resets ? s.number < seen : s.number != seen)
		complaint = "frames are lost, doubled, or out of order";
	__atomic_store_n(&seen, s.number + 1, __ATOMIC_RELEASE);
}

static bool
all_are_out(void)
{
	return __atomic_load_n(&seen, __ATOMIC_ACQUIRE) == put;
}

static void
nic_up(void)
{
	fake_nic_up();
	set_reg(E1000_TDLEN, RING * sizeof(struct e1000_tx_desc));
}

static void
begin(enum worker_kind kind)
{
	network.worker.kind = kind;
	memset(&worker, 0, sizeof(worker));
	memset(&nic, 0, sizeof(nic));
	worker.net.config = &network;
	spin_init(&worker.net.members, RANK_NETWORK, "network");
	list_init(&worker.nics);
	list_append(&worker.nics, &nic.link);
	nic.worker = &worker;
	fake_switch_init(2);
	assert_int_equal(switch_attach(&fake_switch, &peer->port), 0);
	fake_vm_make(&nic.model, kick, &nic);
	nic_up();
	peer->look = look;
	put = seen = over = 0;
	life = 1;
	resets = false;
	complaint = NULL;
	fake_thread_start(network_work, &worker);
}

static void
end(void)
{
	fake_threads_end();
	if (complaint != NULL)
		fail_msg("%s", complaint);
	assert_false(nic.model.tx.busy || nic.model.tx.kicked);
}

static bool
has_room(void)
{
	u32 used = (fake_nic.tdt + RING - reg(E1000_TDH)) % RING;

	return used + 2 < RING;
}

static void
put_piece(u64 at, u32 len, u32 command)
{
	*tx_desc(fake_nic.tdt) = (struct e1000_tx_desc){at, len | command, 0};
	fake_nic.tdt = (fake_nic.tdt + 1) % RING;
}

/* One more frame, in the buffer of its descriptor; the NIC may see its first piece alone. */
static void
put_frame(void)
{
	struct stamp s = {put, life};
	u32 len = BEHIND_ETHERNET + 40 + roll(LONGEST),
	    at = FAKE_TX_BUFFERS + fake_nic.tdt * BUFFER;
	u8 *to = fake_ram(at);

	fake_ethernet(to, 0, 9);
	memcpy(to + ETH_HEADER, &s, sizeof(s));
	memset(to + BEHIND_ETHERNET, (int)(u8)put, len - BEHIND_ETHERNET);
	if (roll(4) == 0) {
		put_piece(at, LONGEST / 10, E1000_TXD_RS);
		ring_doorbell();
		at += LONGEST / 10;
		len -= LONGEST / 10;
	}
	put_piece(at, len, FAKE_TX_LAST);
	put++;
}

/* The peer's frames, which find no room after a while. */
static void
flood(void *arg)
{
	u8 frame[ETH_MIN];

	while (!fake_is_over()) {
		fake_send_bytes(0, fake_ethernet(frame, 9, 0), ETH_MIN);
		sched_yield();
	}
}

/* One or many doorbells, then mostly a look whether all comes out; nobody kicks again. */
static void
no_kick_is_lost(enum worker_kind kind)
{
	begin(kind);
	fake_thread_start(flood, NULL);
	while (put < FRAMES) {
		u32 burst = roll(3) == 0 ? 1 + roll(RING) : 1;
		bool each = roll(2) == 0;

		for (; burst > 0; burst--) {
			if (!has_room())
				ring_doorbell();
			assert_true(fake_await(has_room()));
			put_frame();
			if (each)
				ring_doorbell();
		}
		ring_doorbell();
		linger(roll(300));
		if (roll(4) != 0 && !fake_await(all_are_out()))
			fail_msg("%u of %u frames came out, and no more", seen, put);
	}
	assert_true(fake_await(all_are_out()));
	assert_true(fake_await(reg(E1000_TDH) == fake_nic.tdt));
	assert_true(fake_await(!READ_ONCE(nic.model.tx.busy)));
	end();
	assert_int_equal(reg(E1000_GPTC), put);
	for (u32 i = 0; i < RING; i++)
		assert_int_equal(tx_desc(i)->status, E1000_TXD_DD);
}

static void
no_kick_is_lost_by_either(void **state)
{
	no_kick_is_lost(WORKER_AUTO);
}

static void
no_kick_is_lost_by_the_worker(void **state)
{
	no_kick_is_lost(WORKER_CPU);
}

static void
no_kick_is_lost_without_the_worker(void **state)
{
	no_kick_is_lost(WORKER_OFF);
}

static void
reset_somehow(void)
{
	u64 at = E1000_CTRL, value = E1000_CTRL_RST;

	switch (roll(5)) {
	case 0:
		if (!bus_access(&fake_nic.bus, SPACE_IO, FAKE_NIC_PORTS, 4, true, &at) ||
		    !bus_access(&fake_nic.bus, SPACE_IO, FAKE_NIC_PORTS + 4, 4, true, &value))
			abort();
		break;
	case 1: set_config(PCI_COMMAND, 2, PCI_COMMAND_IO | PCI_COMMAND_MEMORY); break;
	case 2: set_config(0xe0, 2, 3); break; /* D3hot */
	case 3:
		set_reg(E1000_TCTL, 0);
		set_reg(E1000_RCTL, 0);
		break;
	default: set_reg(E1000_CTRL, E1000_CTRL_RST); break;
	}
}

/* Once the write that resets it has ended the memory is the guest's, for other things. */
static void
poison(void)
{
	memset(fake_ram(FAKE_TX_RING), POISON, RING * sizeof(struct e1000_tx_desc));
	memset(fake_ram(FAKE_RX_RING), POISON, FAKE_RING * sizeof(struct e1000_rx_desc));
	for (u32 i = 0; i < FAKE_RING; i++) {
		memset(fake_ram(FAKE_TX_BUFFERS + i * BUFFER), POISON, BUFFER);
		memset(fake_ram(fake_rx_buffer(i)), POISON, LONGEST + 100);
	}
}

static void
assert_poisoned(u64 at, u32 len)
{
	for (u32 i = 0; i < len; i++)
		assert_int_equal(*fake_ram(at + i), POISON);
}

static void
live_again(bool looped)
{
	set_config(0xe0, 2, 0);
	fake_decode();
	set_reg(E1000_CTRL, E1000_CTRL_RST);
	set_reg(E1000_CTRL, E1000_CTRL_PHY_RST); /* its link again */
	nic_up();
	if (looped)
		set_reg(E1000_RCTL, E1000_RCTL_EN | E1000_RCTL_UPE | 1 << 6);
}

static void
after_a_reset_memory_is_left_alone(void **state)
{
	begin(WORKER_CPU);
	fake_thread_start(flood, NULL);
	resets = true;
	for (; life < LIVES; life++) {
		u32 first = put;

		live_again(life % 4 == 0);
		for (u32 n = 1 + roll(FAKE_RING - 1); n > 0; n--)
			put_frame();
		ring_doorbell();
		if (life % 4 != 0)
			assert_true(fake_await(__atomic_load_n(&seen, __ATOMIC_ACQUIRE) > first));
		linger(roll(20000));
		reset_somehow();
		__atomic_store_n(&over, life, __ATOMIC_SEQ_CST);
		poison();
		linger(roll(20000));
		assert_poisoned(FAKE_TX_RING, RING * sizeof(struct e1000_tx_desc));
		assert_poisoned(FAKE_RX_RING, FAKE_RING * sizeof(struct e1000_rx_desc));
		for (u32 i = 0; i < FAKE_RING; i++)
			assert_poisoned(fake_rx_buffer(i), ETH_MIN);
		if (complaint != NULL)
			break;
	}
	live_again(false);
	put_frame();
	ring_doorbell();
	assert_true(fake_await(all_are_out()));
	assert_true(fake_await(!READ_ONCE(nic.model.tx.busy)));
	end();
}

/* All is told of what is out, nothing else, and it stays so. */
static void
assert_stands(void)
{
	u32 head = reg(E1000_TDH), waiting = (fake_nic.tdt + RING - head) % RING;

	linger(roll(2000));
	assert_int_equal(reg(E1000_TDH), head);
	for (u32 i = 0; i < RING; i++)
		assert_int_equal(tx_desc((head + i) % RING)->status,
				 i < waiting ? 0 : E1000_TXD_DD);
}

/* Off after any packet, and on again: each frame goes out once (look() sees to it). */
static void
switched_off_and_on_each_frame_goes_once(void **state)
{
	begin(WORKER_CPU);
	fake_thread_start(flood, NULL);
	for (u32 i = 0; i < RING; i++)
		tx_desc(i)->status = E1000_TXD_DD;
	while (put < FRAMES && complaint == NULL) {
		for (u32 n = 1 + roll(RING / 4); n > 0 && has_room(); n--)
			put_frame();
		ring_doorbell();
		linger(roll(20000));
		if (roll(2) == 0)
			set_config(PCI_COMMAND, 2, PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
		else
			set_reg(E1000_TCTL, 0);
		if (roll(4) != 0)
			assert_stands();
		fake_decode();
		set_reg(E1000_TCTL, E1000_TCTL_EN);
		if (roll(4) == 0)
			assert_true(fake_await(all_are_out()));
	}
	assert_true(fake_await(all_are_out()));
	assert_true(fake_await(!READ_ONCE(nic.model.tx.busy)));
	end();
	assert_int_equal(reg(E1000_TDH), fake_nic.tdt);
	assert_int_equal(reg(E1000_GPTC), put);
}

static u32 taken; /* frames that the guest has had */
static u64 good;  /* that GPRC told of */

/* The peer: numbered frames, never more at once than there is room for. */
static void
send_numbered(void *arg)
{
	u8 frame[ETH_MIN];

	for (u32 n = 0; n < RECEIVED && !fake_is_over();) {
		u32 most =
			1 + n / 100 % (FAKE_RING / 2); /* often so few that each has to be told */

		if (n - __atomic_load_n(&taken, __ATOMIC_ACQUIRE) >= most) {
			sched_yield();
			continue;
		}
		fake_ethernet(frame, 9, 0);
		memcpy(frame + ETH_HEADER, &n, sizeof(n));
		fake_send_bytes(0, frame, ETH_MIN);
		n++;
	}
}

static void
pass_time(void *arg)
{
	while (!fake_is_over()) {
		fake_advance(&fake_nic.time, 20000);
		sched_yield();
	}
}

/* The other vCPU: causes and masks that are not the first one's, delays, counters. Not to the end,
 * as what it does may bring an interrupt that was lost. */
static void
meddle(void *arg)
{
	static const u16 delays[] = {0, 0, 1, 10, 100};
	const u32 others = E1000_INT_LSC | E1000_INT_TXDW | E1000_INT_TXQE | E1000_INT_MDAC;
	u32 n = 0;

	while (!fake_is_over() && __atomic_load_n(&taken, __ATOMIC_ACQUIRE) < RECEIVED / 2) {
		set_reg(E1000_ICS, (u32)(others & (n * 0x9e3779b9u)));
		set_reg(E1000_IMS, E1000_INT_TXDW);
		set_reg(E1000_ITR, delays[n % 5]);
		set_reg(E1000_RDTR, delays[n / 5 % 5]);
		set_reg(E1000_RADV, delays[n / 25 % 5]);
		good += reg(E1000_GPRC);
		set_reg(E1000_IMC, others);
		set_reg(E1000_ICR, others);
		(void)reg(E1000_STATUS);
		n++;
		sched_yield();
	}
}

/* All that is there, as an interrupt's handler does it; gives the descriptors back, and answers. */
static void
take_frames(void)
{
	for (;;) {
		u32 at = taken % FAKE_RING, n;
		struct e1000_rx_desc *d = rx_desc(at);

		if (!(__atomic_load_n(&d->status, __ATOMIC_ACQUIRE) & E1000_RXD_DD))
			return;
		memcpy(&n, fake_ram(fake_rx_buffer(at)) + ETH_HEADER, sizeof(n));
		assert_int_equal(n, taken);
		assert_int_equal(d->length, ETH_MIN + ETH_FCS);
		*d = (struct e1000_rx_desc){.address = fake_rx_buffer(at)};
		set_reg(E1000_RDT, at);
		__atomic_store_n(&taken, taken + 1, __ATOMIC_RELEASE);
		if (taken % 16 == 0 && has_room()) {
			put_frame();
			ring_doorbell();
		}
	}
}

/* By nothing but its interrupts the guest learns of every frame. */
static void
e20_no_interrupt_is_lost(void **state)
{
	begin(WORKER_AUTO);
	taken = 0;
	good = 0;
	fake_thread_start(send_numbered, NULL);
	fake_thread_start(pass_time, NULL);
	fake_thread_start(meddle, NULL);
	set_reg(E1000_IMS, E1000_INT_RXT0);
	while (taken < RECEIVED) {
		u32 causes;

		if (!fake_await(pin()))
			fail_msg("no interrupt after %u frames", taken);
		causes = reg(E1000_ICR);
		set_reg(E1000_IMC, ~0u);
		if (causes & E1000_INT_RXT0)
			take_frames();
		set_reg(E1000_IMS, E1000_INT_RXT0);
	}
	assert_true(fake_await(all_are_out()));
	assert_true(fake_await(!READ_ONCE(nic.model.tx.busy)));
	end();
	assert_int_equal(good + reg(E1000_GPRC), RECEIVED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_kick_is_lost_by_either),
		cmocka_unit_test(no_kick_is_lost_by_the_worker),
		cmocka_unit_test(no_kick_is_lost_without_the_worker),
		cmocka_unit_test(after_a_reset_memory_is_left_alone),
		cmocka_unit_test(switched_off_and_on_each_frame_goes_once),
		cmocka_unit_test(e20_no_interrupt_is_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
