/* SPDX-License-Identifier: MIT */
// SOURCES: net/switch.c net/switch_admit.c net/switch_look.c net/fdb.c net/segment.c net/frame.c
// SOURCES: net/checksum.c net/describe.c lib/lock.c lib/error.c lib/log.c lib/format.c
/*
 * Arbitrary frames with arbitrary offload fields, between ports of different settings. Whatever is
 * sent: who takes only whole frames gets whole ones, with checksums right where the sender asked
 * for it; no frame comes where VLANs and isolation forbid it; the work for a frame is bounded; and
 * the table of addresses is sound.
 *
 * A step is STEP bytes, and as many more of a frame as its length byte says: a packet that is right
 * and then changed by them, or these bytes alone.
 */
#include "net/describe.h"
#include "net/segment.h"
#include "tests/unit/fake/switch.h"

enum { STEP = 16, STEPS_MAX = 300, PAYLOAD_MAX = 65535 };
enum {
	PLAIN,
	LARGE,
	ACCESS10,
	ACCESS20,
	TRUNK10,
	ISOLATED,
	ISOLATED2,
	HONEST,
	SLOW,
	UPLINK,
	PORTS
};

static u8 trunk[VLANS / 8];
static u8 bytes[FRAME_HEADER_MAX + PAYLOAD_MAX];
static u8 got[FRAME_LEN_MAX];
static u32 sender, deliveries;
static u16 partial; /* what the sender has put where the checksum is missing */
static bool completion_asked;
static u16 start_asked;

static void
check(bool holds)
{
	if (!holds)
		abort();
}

static void
check_vlans(u32 to)
{
	check(!(sender == ACCESS10 && to == ACCESS20));
	check(!(sender == ACCESS20 && (to == ACCESS10 || to == TRUNK10)));
	check(!(sender == TRUNK10 && to == ACCESS20));
	check(!((sender == ISOLATED || sender == ISOLATED2) &&
		(to == ISOLATED || to == ISOLATED2)));
	if (sender == PLAIN || sender == LARGE || sender == HONEST)
		check(to != ACCESS10 && to != ACCESS20 && to != TRUNK10);
	if (to == PLAIN || to == LARGE || to == HONEST)
		check(sender != ACCESS10 && sender != ACCESS20 && sender != TRUNK10);
}

/* Of a TCP segment with nothing but what segmentation allows. */
static void
check_segment(const struct frame *f)
{
	if (be16_at(got + ETH_TYPE) != ETH_TYPE_VLAN)
		check(fake_packet_is_right(got, f->len));
}

/* The sum of what is there, of which the checksum is the complement, and of the pseudo header. */
static void
check_completed(const struct frame *f)
{
	check(checksum_fold(checksum_add(partial, got + start_asked, f->len - start_asked)) == 0);
}

static void
put_nothing(struct sink *sink, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		check(text[i] >= ' ' && text[i] <= '~');
}

static bool
deliver(struct net_port *port, const struct frame *f)
{
	u32 to = (u32)(container_of(port, struct fake_port, port) - fake_ports);
	struct sink out = {put_nothing};
	u32 len = f->header_len;

	deliveries++;
	check(f->from == &fake_ports[sender].port && to != sender);
	check(f->header_len >= ETH_HEADER && f->header_len <= FRAME_HEADER_MAX);
	check(!f->tagged || (f->tag & VLAN_ID) != 0);
	check(f->tagged || be16_at(f->header + ETH_TYPE) != ETH_TYPE_VLAN);
	for (u32 i = 0; i < f->span_count; i++)
		len += f->spans[i].len;
	check(len == f->len);
	check_vlans(to);
	check(f->segmentation == FRAME_WHOLE ? f->len <= FRAME_SINGLE_MAX : to == LARGE);
	check(!f->checksum_missing || to == LARGE);
	frame_copy(f, 0, got, f->len);
	if (fake_sent.segmentation != FRAME_WHOLE && f != &fake_sent && !f->checksum_missing)
		check_segment(f);
	else if (completion_asked && !f->checksum_missing)
		check_completed(f);
	net_describe(&out, got, f->len % 97, f->len);
	net_describe(&out, got, f->len, f->len);
	return to != SLOW || f->len % 3 != 0;
}

/* All ports are attached anew each time; an empty table is as good as a new one. */
static void
start(void)
{
	memset(trunk, 0, sizeof(trunk));
	trunk[10 / 8] = 1 << 10 % 8;
	if (fake_switch.now_ns == NULL)
		switch_init(&fake_switch, "fuzz", fake_now_ns);
	fake_ports_init(PORTS);
	for (u32 i = 0; i < PORTS; i++)
		fake_ports[i].port.deliver = deliver;
	fake_ports[LARGE].port.takes = PORT_TAKES_CHECKSUM | PORT_TAKES_TCP4 | PORT_TAKES_TCP6;
	fake_ports[ACCESS10].port.settings.vlan = 10;
	fake_ports[ACCESS20].port.settings.vlan = 20;
	fake_ports[TRUNK10].port.settings.trunk = trunk;
	fake_ports[ISOLATED].port.settings.isolate = true;
	fake_ports[ISOLATED2].port.settings.isolate = true;
	fake_ports[HONEST].port.settings.spoof_deny = true;
	fake_ports[SLOW].port.settings.rate_bits = 1000000;
	fake_ports[UPLINK].port.trusted = true;
	fake_attach_all(PORTS);
}

/* Each port has what it is said to have, up to its last entry; detaching finds all of them. */
static void
check_addresses(void)
{
	u32 count = 0;

	for (u32 i = 0; i < PORTS; i++) {
		u32 cursor = 0;

		count += fake_switch.fdb.of_port[i];
		for (u32 n = 0; n < fake_switch.fdb.of_port[i]; n++)
			check(fdb_next(&fake_switch.fdb, i, &cursor) != NULL);
	}
	check(count == fake_switch.fdb.count);
}

/* A packet that is right; flags choose what it is of. */
static u32
make_packet(u8 flags, u32 payload)
{
	struct fake_packet p = {
		.ipv6 = flags & 1,
		.protocol = flags & 2 ? IP_UDP : IP_TCP,
		.tcp_options = flags & 4 ? 12 : 0,
		.ip_options = flags & 8 ? 8 : 0,
		.tcp_flags = flags,
		.payload = payload,
		.partial = true,
	};
	u32 len;

	if (p.ipv6)
		p.ip_options = 0;
	len = fake_packet(bytes, &p);
	fake_sent.checksum_missing = (flags & 16) != 0;
	fake_sent.checksum_start = (u16)fake_l4_offset(&p);
	fake_sent.checksum_at =
		(u16)(fake_sent.checksum_start + (flags & 2 ? UDP_CHECKSUM : TCP_CHECKSUM));
	fake_sent.segmentation = flags & 32 ? (p.ipv6 ? FRAME_TCP6 : FRAME_TCP4) : FRAME_WHOLE;
	fake_sent.segment_header = (u16)fake_headers(&p);
	return len;
}

/* With spans of any length, and what the sender's structure claimed before. */
static void
cut_into_spans(u32 len, u32 header, u32 span)
{
	struct frame claims = fake_sent;

	header = MIN(header, (u32)FRAME_HEADER_MAX);
	span = MAX(span, len / FRAME_SPANS_MAX + 1);
	fake_frame(&fake_sent, bytes, len, header, span);
	fake_sent.tagged = claims.tagged;
	fake_sent.tag = claims.tag;
	fake_sent.checksum_missing = claims.checksum_missing;
	fake_sent.checksum_start = claims.checksum_start;
	fake_sent.checksum_at = claims.checksum_at;
	fake_sent.segmentation = claims.segmentation;
	fake_sent.segment_header = claims.segment_header;
	fake_sent.segment_size = claims.segment_size;
}

/* Fields that are wrong in one place. */
static void
spoil(u8 what, u16 value)
{
	switch (what & 15) {
	case 0: fake_sent.checksum_start = value; break;
	case 1: fake_sent.checksum_at = value; break;
	case 2: fake_sent.segment_header = value; break;
	case 3: fake_sent.segment_size = value; break;
	case 4: fake_sent.segmentation = (u8)value; break;
	case 5: fake_sent.checksum_missing = value & 1; break;
	case 6: fake_sent.len = value; break;
	case 7: fake_sent.header_len = value; break;
	case 8: fake_sent.span_count = value; break;
	case 9:
		fake_sent.tagged = true;
		fake_sent.tag = value;
		break;
	default: break;
	}
}

static void
send(u32 segments_max)
{
	completion_asked = false;
	if (fake_sent.checksum_missing && fake_sent.segmentation == FRAME_WHOLE &&
	    fake_sent.header_len >= ETH_HEADER && fake_sent.header_len <= FRAME_HEADER_MAX &&
	    be16_at(fake_sent.header + ETH_TYPE) != ETH_TYPE_VLAN &&
	    fake_sent.checksum_at <= FRAME_HEADER_MAX - 2) {
		completion_asked = true;
		start_asked = fake_sent.checksum_start;
		partial = be16_at(fake_sent.header + fake_sent.checksum_at);
	}
	deliveries = 0;
	switch_send(&fake_ports[sender].port, &fake_sent);
	check(deliveries <= segments_max);
	check(fake_switch.lock.holder == 0);
}

/* Answers how many bytes it took. */
static size_t
step(const u8 *p, size_t size)
{
	u32 len, more = (u32)MIN((size_t)p[1], size - STEP), at = p[8];

	sender = p[0] % PORTS;
	fake_now += (u64)p[2] << (p[3] & 31);
	fake_clock_moves();
	memset(&fake_sent, 0, offsetof(struct frame, header));
	fake_sent.segment_size = be16_at(p + 4);
	if (p[0] & 0x80) {
		len = make_packet(p[3], (u32)be16_at(p + 6) >> (p[9] & 7));
		fake_mac(bytes, p[10] & 15);
		fake_mac(bytes + ETH_SOURCE, p[10] >> 4);
		if (p[9] & 8)
			memset(bytes, 0xff, ETH_ADDRESS);
		for (u32 i = 0; i < more && (p[9] & 16) != 0; i++)
			bytes[(at + i) % len] = p[STEP + i];
	} else {
		memcpy(bytes, p + STEP, more);
		len = more;
		fake_sent.checksum_missing = p[3] & 1;
		fake_sent.segmentation = p[3] >> 1 & 3;
		fake_sent.checksum_start = p[4];
		fake_sent.checksum_at = p[5];
		fake_sent.segment_header = p[6];
		fake_sent.segment_size = p[7];
	}
	cut_into_spans(len, p[11], 1 + p[12] * 8u);
	spoil(p[13], be16_at(p + 14));
	send(MAX((u32)SEGMENTS_MAX, (u32)SWITCH_FLOOD_SEGMENTS * PORTS));
	return STEP + more;
}

int LLVMFuzzerTestOneInput(const u8 *data, size_t size);

int
LLVMFuzzerTestOneInput(const u8 *data, size_t size)
{
	start();
	for (u32 n = 0; n < STEPS_MAX && size >= STEP; n++) {
		size_t took = step(data, size);

		data += took;
		size -= took;
	}
	check_addresses();
	for (u32 i = 0; i < PORTS; i++)
		switch_detach(&fake_ports[i].port);
	check(switch_address_count(&fake_switch) == 0);
	return 0;
}
