/* SPDX-License-Identifier: MIT */
// SOURCES: net/describe.c net/checksum.c lib/format.c
/* Lines about frames, as tcpdump writes them; and frames that end anywhere. */
#include "tests/unit/test.h"

#include <stdlib.h>
#include <string.h>

#include "net/describe.h"
#include "tests/unit/fake/frames.h"
#include "tests/unit/fake/text_sink.h"

static struct text_sink text;
static u8 bytes[2000];
static u32 len;

/* In memory of just its size. */
static void
describe(size_t captured)
{
	u8 *copy = malloc(captured + 1); /* so that 0 is memory, too */

	memcpy(copy + 1, bytes, captured);
	text_sink_clear(&text);
	net_describe(&text.sink, copy + 1, captured, len);
	free(copy);
	assert_true(text.len <= DESCRIBE_MAX);
	for (size_t i = 0; i < text.len; i++)
		assert_in_range(text.buf[i], ' ', '~');
}

static void
assert_line(const char *want)
{
	describe(len);
	assert_string_equal(text.buf, want);
}

/* From 10.8.0.2 to 10.8.0.1, or from fe80::2 to 2001:db8::1:0:0:1. */
static u8 *
packet(struct fake_packet p)
{
	static const u8 ends4[] = {10, 8, 0, 2, 10, 8, 0, 1};
	static const u8 ends6[] = {0xfe, 0x80, 0,    0,	   0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2,
				   0x20, 1,    0x0d, 0xb8, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1};

	len = fake_packet(bytes, &p);
	memcpy(bytes + ETH_HEADER + (p.ipv6 ? (u32)IPV6_SOURCE : IPV4_SOURCE),
	       p.ipv6 ? ends6 : ends4, p.ipv6 ? 32 : 8);
	return bytes + fake_l4_offset(&p);
}

static void
put_ports(u8 *h, u16 from, u16 to)
{
	be16_put(h, from);
	be16_put(h + 2, to);
}

static void
make_arp(u16 operation)
{
	u8 *arp = bytes + ETH_HEADER;

	len = ETH_HEADER + ARP_LEN;
	memset(bytes, 0, len);
	be16_put(bytes + ETH_TYPE, ETH_TYPE_ARP);
	arp[ARP_HARDWARE_LEN] = 6;
	arp[ARP_PROTOCOL_LEN] = 4;
	be16_put(arp + ARP_OPERATION, operation);
	memcpy(arp + ARP_SENDER_MAC, (u8[]){0x52, 0x54, 0, 0, 0, 2, 10, 8, 0, 2}, 10);
	memcpy(arp + ARP_TARGET_IP, (u8[]){10, 8, 0, 1}, 4);
}

static void
test_arp(void **state)
{
	make_arp(ARP_REQUEST);
	assert_line("ARP, Request who-has 10.8.0.1 tell 10.8.0.2, length 28");
	make_arp(ARP_REPLY);
	assert_line("ARP, Reply 10.8.0.2 is-at 52:54:00:00:00:02, length 28");
	make_arp(9);
	assert_line("ARP, operation 9, length 28");
	bytes[ETH_HEADER + ARP_HARDWARE_LEN] = 255;
	assert_line("ARP, addresses of 255 and 4 bytes, length 28");
}

static void
test_tcp(void **state)
{
	u8 *h = packet((struct fake_packet){.protocol = IP_TCP, .tcp_flags = TCP_SYN});

	put_ports(h, 40000, 80);
	be32_put(h + TCP_SEQUENCE, 1000);
	be16_put(h + TCP_WINDOW, 64240);
	assert_line("IP 10.8.0.2.40000 > 10.8.0.1.80: Flags [S], seq 1000, win 64240, length 0");
	h = packet((struct fake_packet){.protocol = IP_TCP,
					.payload = 5,
					.tcp_flags = 0x18,
					.tcp_options = 12});
	put_ports(h, 40000, 80);
	be32_put(h + TCP_ACKNOWLEDGEMENT, 7);
	assert_line("IP 10.8.0.2.40000 > 10.8.0.1.80: Flags [P.], seq 4294967280:4294967285, "
		    "ack 7, win 0, length 5");
	h[TCP_FLAGS] = 0;
	h[TCP_DATA_OFFSET] = 0xf0;
	assert_line("IP 10.8.0.2.40000 > 10.8.0.1.80: TCP, bad header length 60");
	h[TCP_DATA_OFFSET] = 0x40;
	assert_line("IP 10.8.0.2.40000 > 10.8.0.1.80: TCP, bad header length 16");
}

static void
test_udp_dhcp_dns(void **state)
{
	u8 *h = packet((struct fake_packet){.protocol = IP_UDP, .payload = 300});

	put_ports(h, 5000, 6000);
	assert_line("IP 10.8.0.2.5000 > 10.8.0.1.6000: UDP, length 300");
	put_ports(h, 68, 67);
	h[UDP_HEADER] = 1;
	memcpy(h + UDP_HEADER + 28, (u8[]){0x52, 0x54, 0, 0, 0, 2}, 6);
	assert_line("IP 10.8.0.2.68 > 10.8.0.1.67: BOOTP/DHCP, Request from 52:54:00:00:00:02, "
		    "length 300");
	put_ports(h, 67, 68);
	h[UDP_HEADER] = 2;
	assert_line("IP 10.8.0.2.67 > 10.8.0.1.68: BOOTP/DHCP, Reply, length 300");
	put_ports(h, 9999, 53);
	memcpy(h + UDP_HEADER, (u8[]){0, 77, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0}, 12);
	memcpy(h + UDP_HEADER + 12, "\3www\7ex\nmple\3org", 17);
	assert_line("IP 10.8.0.2.9999 > 10.8.0.1.53: DNS, query 77 www.ex?mple.org., length 300");
	h[UDP_HEADER + 2] = 0x81;
	assert_line("IP 10.8.0.2.9999 > 10.8.0.1.53: DNS, answer 77 www.ex?mple.org., length 300");
	be16_put(h + UDP_LEN, 7);
	assert_line("IP 10.8.0.2.9999 > 10.8.0.1.53: UDP, bad length 7");
	be16_put(h + UDP_LEN, 309);
	assert_line("IP 10.8.0.2.9999 > 10.8.0.1.53: UDP, bad length 309");
}

static void
test_icmp(void **state)
{
	u8 *h = packet((struct fake_packet){.protocol = IP_UDP, .payload = 56});

	bytes[ETH_HEADER + IPV4_PROTOCOL] = IP_ICMP;
	memcpy(h, (u8[]){ICMP_ECHO, 0, 0, 0, 0, 9, 0, 1}, 8);
	assert_line("IP 10.8.0.2 > 10.8.0.1: ICMP echo request, id 9, seq 1, length 64");
	h[0] = ICMP_UNREACHABLE;
	h[1] = 4;
	assert_line("IP 10.8.0.2 > 10.8.0.1: ICMP unreachable, code 4, length 64");
	h[0] = 200;
	assert_line("IP 10.8.0.2 > 10.8.0.1: ICMP type 200, code 4, length 64");
	bytes[ETH_HEADER + IPV4_PROTOCOL] = 89;
	assert_line("IP 10.8.0.2 > 10.8.0.1: ip-proto-89, length 64");
	be16_put(bytes + ETH_HEADER + IPV4_FRAGMENT, 185);
	assert_line("IP 10.8.0.2 > 10.8.0.1: ip-proto-89, fragment at 1480, length 64");
}

static void
test_ipv6(void **state)
{
	u8 *h = packet((struct fake_packet){.ipv6 = true, .protocol = IP_UDP, .payload = 24});

	put_ports(h, 1, 2);
	assert_line("IP6 fe80::2.1 > 2001:db8::1:0:0:1.2: UDP, length 24");
	bytes[ETH_HEADER + IPV6_NEXT] = IP_ICMPV6;
	h[0] = 135;
	assert_line("IP6 fe80::2 > 2001:db8::1:0:0:1: ICMP6, neighbor solicitation, code 1, "
		    "length 32");
	memset(bytes + ETH_HEADER + IPV6_SOURCE, 0, 16);
	memset(bytes + ETH_HEADER + IPV6_DESTINATION, 0xff, 16);
	bytes[ETH_HEADER + IPV6_NEXT] = 59;
	assert_line("IP6 :: > ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff: ip-proto-59, length 32");
	be16_put(bytes + ETH_HEADER + IPV6_PAYLOAD_LEN, 33);
	assert_line("IP6 bad length 33");
}

static void
test_tags_and_others(void **state)
{
	make_arp(ARP_REQUEST);
	memmove(bytes + 16, bytes + 12, len - 12);
	memcpy(bytes + 12, (u8[]){0x81, 0, 0x60, 0x0a}, 4);
	len += 4;
	assert_line("vlan 10, p 3, ARP, Request who-has 10.8.0.1 tell 10.8.0.2, length 28");
	len = 60;
	memcpy(bytes, (u8[]){1, 0x80, 0xc2, 0, 0, 0xe, 0x52, 0x54, 0, 0, 0, 1, 0x88, 0xcc}, 14);
	assert_line("52:54:00:00:00:01 > 01:80:c2:00:00:0e, ethertype 0x88cc, length 60");
}

static void
test_n3_bad_length_fields_of_ip(void **state)
{
	(void)packet((struct fake_packet){.protocol = IP_UDP, .payload = 10});
	bytes[ETH_HEADER] = 0x44;
	assert_line("IP bad lengths: header 16, packet 38");
	bytes[ETH_HEADER] = 0x4f;
	assert_line("IP bad lengths: header 60, packet 38");
	bytes[ETH_HEADER] = 0x45;
	be16_put(bytes + ETH_HEADER + IPV4_TOTAL_LEN, 39);
	assert_line("IP bad lengths: header 20, packet 39");
}

static void
test_frames_that_end_anywhere(void **state)
{
	for (u32 kind = 0; kind < 8; kind++) {
		u8 *h = packet((struct fake_packet){.ipv6 = kind & 1,
						    .payload = 60,
						    .protocol = kind & 2 ? IP_TCP : IP_UDP});

		if (kind & 4)
			put_ports(h, 53, kind & 1 ? 68 : 53);
		for (size_t captured = 0; captured <= len; captured++)
			describe(captured);
	}
	make_arp(ARP_REPLY);
	for (size_t captured = 0; captured <= len; captured++)
		describe(captured);
	describe(20);
	assert_string_equal(text.buf, "[|arp]");
}

/* Labels that never end. */
static void
test_dns_names_are_cut(void **state)
{
	u8 *h = packet((struct fake_packet){.protocol = IP_UDP, .payload = 1400});

	put_ports(h, 53, 53);
	for (u8 label = 1; label < 0x40; label++) {
		memset(h + UDP_HEADER, label, 1400);
		describe(len);
	}
	put_ports(h, 53, 53);
	memset(h + UDP_HEADER + 12, 0xc0, 1388); /* a pointer at itself */
	assert_line("IP 10.8.0.2.53 > 10.8.0.1.53: DNS, query 16191 , length 1400");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arp),
		cmocka_unit_test(test_tcp),
		cmocka_unit_test(test_udp_dhcp_dns),
		cmocka_unit_test(test_icmp),
		cmocka_unit_test(test_ipv6),
		cmocka_unit_test(test_tags_and_others),
		cmocka_unit_test(test_n3_bad_length_fields_of_ip),
		cmocka_unit_test(test_frames_that_end_anywhere),
		cmocka_unit_test(test_dns_names_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
