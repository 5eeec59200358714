/* SPDX-License-Identifier: MIT */
// SOURCES: core/config.c core/config_keys.c core/config_values.c core/config_words.c
// SOURCES: core/config_section.c core/config_net.c core/config_nic.c core/config_check.c
// SOURCES: lib/ini.c lib/text.c lib/format.c lib/distance.c
/* Networks and NICs: each key's values, and what one section may say of another. */
#include "tests/unit/test.h"

#include <stdio.h>
#include <string.h>

#include "core/config.h"

static char seen[64 * 1024];
static size_t seen_len;
static struct config config;
static struct vm_config vms[CONFIG_VMS_MAX];
static struct net_config nets[CONFIG_NETS_MAX];

static void
on_error(struct config_report *report, u32 line, const char *text)
{
	seen_len += (size_t)sprintf(seen + seen_len, "%u: %s\n", line, text);
}

static u32
parse(const char *text)
{
	struct config_report report = {.error = on_error};

	seen_len = 0;
	seen[0] = '\0';
	memset(vms, 0xa5, sizeof(vms)); /* as the heap may give it */
	memset(nets, 0xa5, sizeof(nets));
	config_defaults(&config);
	config_parse_host(text, strlen(text), &config);
	config.vms = vms;
	config.nets = nets;
	return config_parse(text, strlen(text), &config, &report);
}

#define assert_errors(text, want)                                                                  \
	do {                                                                                       \
		(void)parse(text);                                                                 \
		assert_string_equal(seen, want);                                                   \
	} while (0)

#define assert_good(text) assert_errors(text, "")

/* The first error, of any number. */
#define assert_first(text, want)                                                                   \
	do {                                                                                       \
		assert_true(parse(text) > 0);                                                      \
		if (strncmp(seen, want, strlen(want)) != 0)                                        \
			fail_msg("%s", seen);                                                      \
	} while (0)

#define IP(a, b, c, d) ((u32)(a) << 24 | (b) << 16 | (c) << 8 | (d))
#define VM(name)       "[vm " name "]\nmemory = 1M\nkernel = k\n"
#define NAT	       "[net lan]\nmode = nat\nuplink = e1000:0\n"
#define HOST_ONLY      "[net lan]\nmode = host-only\n"
#define NIC	       VM("web") "nic = e1000, net=lan"

/* Its VALUE behind `before`, of which each alone is an error there. */
static void
assert_each_refused(const char *before, const char *key, const char *const *values, size_t count)
{
	char text[1024], want[128];
	u32 line = 1;

	for (const char *c = before; *c != '\0'; c++)
		line += *c == '\n';
	for (size_t i = 0; i < count; i++) {
		snprintf(text, sizeof(text), "%s%s = %s\n", before, key, values[i]);
		if (parse(text) != 1)
			fail_msg("%s = %s: %s", key, values[i], seen);
		snprintf(want, sizeof(want), "%u: found %s = %s; expected ", line, key, values[i]);
		if (strncmp(seen, want, strlen(want)) != 0)
			fail_msg("wanted %s, got %s", want, seen);
		assert_string_not_equal(nets[0].error, "");
	}
}

static void
modes(void **state)
{
	assert_good("[net a]\nmode = bridge\nuplink = e1000:1\n[net b]\nuplink = e1000:0\n"
		    "mode = nat\n[net c]\nmode = host-only\n");
	assert_int_equal(config.net_count, 3);
	assert_int_equal(nets[0].mode, NET_BRIDGE);
	assert_int_equal(nets[1].mode, NET_NAT);
	assert_int_equal(nets[2].mode, NET_HOST_ONLY);
	assert_string_equal(nets[1].name, "b");
	assert_int_equal(nets[1].line, 4);
	assert_string_equal(net_mode_text(NET_BRIDGE), "bridge");
	assert_string_equal(net_mode_text(NET_NAT), "nat");
	assert_string_equal(net_mode_text(NET_HOST_ONLY), "host-only");
	assert_string_equal(net_mode_text(NET_MODE_NONE), "none");
	assert_ptr_equal(config_find_net(&config, "c"), &nets[2]);
	assert_null(config_find_net(&config, "d"));
}

static void
wrong_modes(void **state)
{
	assert_errors("[net a]\n",
		      "1: found [net a] without mode; expected mode = bridge, nat or host-only in "
		      "it\n");
	assert_errors("[net a]\nmode =\n",
		      "2: found mode without a value; expected bridge, nat or host-only\n");
	assert_errors("[net a]\nmode = brigde\n",
		      "2: found mode = brigde; expected bridge, nat or host-only; did you mean "
		      "bridge?\n");
	assert_errors("[net a]\nmode = host-only\nmode = nat\n",
		      "3: found mode a second time; expected it once, as in line 2\n");
	assert_errors("[net a]\nmoed = nat\n",
		      "1: found [net a] without mode; expected mode = bridge, nat or host-only in "
		      "it\n2: found moed; expected a key of [net NAME]; did you mean mode?\n");
	assert_string_equal(nets[0].error, "ashlar.conf:1: found [net a] without mode; expected "
					   "mode = bridge, nat or host-only in it");
}

static void
what_holds_where_nothing_is_said(void **state)
{
	assert_good(NAT);
	assert_int_equal(nets[0].subnet, IP(10, 8, 0, 0));
	assert_int_equal(nets[0].prefix, 24);
	assert_false(nets[0].subnet_given);
	assert_int_equal(nets[0].mtu, 1500);
	assert_false(nets[0].address.fixed);
	assert_int_equal(nets[0].worker.kind, WORKER_AUTO);
	assert_int_equal(nets[0].domain.len, 0);
	assert_int_equal(nets[0].dns_count + nets[0].forward_count + nets[0].host_count, 0);
	assert_string_equal(nets[0].error, "");
}

static void
names_of_networks(void **state)
{
	assert_errors("[net]\n", "1: found [net]; expected [net NAME]\n");
	assert_errors(
		"[net Lan]\nmtu = 1\n",
		"1: found [net Lan]; expected a name of 1 to 31 characters out of a-z, 0-9, _ "
		"and -\n2: found mtu = 1; expected a number from 576 to 9000, 1500 is usual\n");
	assert_errors(HOST_ONLY "[vm x]\nmemory = 1M\nkernel = k\n[net lan]\nmtu = 1\n",
		      "6: found [net lan] a second time; expected it once, as in line 1\n"
		      "7: found mtu = 1; expected a number from 576 to 9000, 1500 is usual\n");
	assert_int_equal(config.net_count, 1);
	assert_int_equal(nets[0].mtu, 1500);
	assert_string_equal(nets[0].error, "ashlar.conf:6: found [net lan] a second time; expected "
					   "it once, as in line 1");
}

static void
more_networks_than_there_may_be(void **state)
{
	static char text[4096];
	size_t len = 0;

	for (unsigned i = 0; i < CONFIG_NETS_MAX; i++)
		len += (size_t)sprintf(text + len, "[net n%u]\nmode = host-only\n", i);
	assert_good(text);
	for (unsigned i = 0; i < CONFIG_NETS_MAX; i++)
		assert_int_equal(nets[i].subnet, IP(10, 8, i, 0));
	sprintf(text + len, "[net more]\nmode = x\n" NIC "\n[net lan]\n");
	assert_errors(text, "65: found [net more]; expected at most 32 such sections\n"
			    "66: found mode = x; expected bridge, nat or host-only\n"
			    "70: found net = lan; expected the NAME of a [net NAME] of this file\n"
			    "71: found [net lan]; expected at most 32 such sections\n");
	assert_int_equal(config.net_count, CONFIG_NETS_MAX);
}

static void
uplinks(void **state)
{
	const struct uplink_spec *uplink = &nets[0].uplink;

	assert_good("[net a]\nmode = nat\nuplink = e1000:255\n");
	assert_int_equal(uplink->kind, UPLINK_INDEX);
	assert_int_equal(uplink->index, 255);
	assert_good("[net a]\nmode = nat\nuplink = pci:0a:1f.7\n");
	assert_int_equal(uplink->kind, UPLINK_PCI);
	assert_int_equal(uplink->segment, 0);
	assert_int_equal(uplink->bus, 10);
	assert_int_equal(uplink->device, 31);
	assert_int_equal(uplink->function, 7);
	assert_good("[net a]\nmode = bridge\nuplink = pci:ffff:FF:00.0\n");
	assert_int_equal(uplink->segment, 0xffff);
	assert_int_equal(uplink->bus, 0xff);
	assert_int_equal(uplink->device + uplink->function, 0);
}

static void
wrong_uplinks(void **state)
{
	static const char *const values[] = {
		"e1000",	 "e1000:",	    "e1000:-1",	     "e1000:256",
		"e1000:0 x",	 "e1000:0x",	    "virtio:0",	     "pci",
		"pci:",		 "pci:00",	    "pci:00:03",     "pci:00:03.",
		"pci:00:03.8",	 "pci:00:20.0",	    "pci:100:03.0",  "pci::03.0",
		"pci:0:0:0:0.0", "pci:10000:0:0.0", "pci:00:03.0.0", "pci:.0",
		"pci:0x0:03.0",	 "00:03.0",	    "pci::0:0.0",    "pci:00:03:.0",
		"pci:0:0:3:.0",
	};

	assert_each_refused("[net a]\nmode = nat\n", "uplink", values, ARRAY_SIZE(values));
}

static void
uplink_is_for_those_that_go_out(void **state)
{
	assert_errors("[net a]\nmode = nat\n[net b]\nmode = bridge\n[net c]\nuplink = e1000:0\n"
		      "mode = host-only\n",
		      "1: found [net a] without uplink; expected uplink = e1000:N or "
		      "pci:BUS:DEVICE.FUNCTION in it\n"
		      "3: found [net b] without uplink; expected uplink = e1000:N or "
		      "pci:BUS:DEVICE.FUNCTION in it\n"
		      "6: found uplink in a host-only network; expected it in a network of mode "
		      "bridge or nat\n");
}

static void
one_network_per_uplink(void **state)
{
	assert_errors(NAT "[net b]\nmode = bridge\nuplink = e1000:0\n[net c]\nmode = bridge\n"
			  "uplink = e1000:1\n",
		      "6: found uplink = e1000:0, which [net lan] in line 1 has; expected one "
		      "network for each NIC\n");
	assert_string_equal(nets[0].error, "");
	assert_errors("[net a]\nmode = nat\nuplink = pci:00:03.0\n[net b]\nmode = nat\n"
		      "uplink = pci:0:0:3.0\n[net c]\nmode = nat\nuplink = pci:00:03.1\n",
		      "6: found uplink = pci:0:0:3.0, which [net a] in line 1 has; expected one "
		      "network for each NIC\n");
	/* It may not have it, so another one may. */
	assert_errors("[net a]\nmode = host-only\nuplink = e1000:0\n" NAT,
		      "3: found uplink in a host-only network; expected it in a network of mode "
		      "bridge or nat\n");
}

static void
subnets(void **state)
{
	assert_good(HOST_ONLY "subnet = 10.0.0.0/8\n");
	assert_int_equal(nets[0].subnet, IP(10, 0, 0, 0));
	assert_int_equal(nets[0].prefix, 8);
	assert_true(nets[0].subnet_given);
	assert_good(HOST_ONLY "subnet = 192.168.1.248/29\n");
	assert_int_equal(nets[0].subnet, IP(192, 168, 1, 248));
	assert_int_equal(nets[0].prefix, 29);
}

static void
wrong_subnets(void **state)
{
	static const char *const values[] = {
		"10.8.0.0",	  "10.8.0.0/",	      "10.8.0.0/7",
		"10.8.0.0/30",	  "10.8.0.1/24",      "10.8.0.0/-1",
		"10.8.0/24",	  "10.8.0.0.0/24",    "10.8.0.256/24",
		"10.08.0.0/24",	  "0.0.0.0/8",	      "127.0.0.0/8",
		"224.0.0.0/8",	  "10.8.0.0/24/24",   "10.8.0.0 /24",
		"10.128.0.0/8",	  "255.255.255.0/24", "/24",
		"10.8.0.0/24 24", "0xa.8.0.0/24",
	};

	assert_each_refused(HOST_ONLY, "subnet", values, ARRAY_SIZE(values));
	assert_int_equal(nets[0].prefix, 0); /* nor one that was not asked for */
}

static void
found_subnets_are_free(void **state)
{
	assert_good("[net a]\nmode = host-only\n[net b]\nmode = host-only\nsubnet = 10.8.1.128/25\n"
		    "[net c]\nmode = nat\nuplink = e1000:0\naddress = 10.8.2.9/24,10.8.2.1\n"
		    "[net d]\nmode = bridge\nuplink = e1000:1\n"
		    "[net e]\nmode = host-only\nsubnet = 10.8.0.0/24\n");
	assert_int_equal(nets[0].subnet, IP(10, 8, 3, 0)); /* the first, but 0, 1 and 2 are taken */
	assert_int_equal(nets[1].subnet, IP(10, 8, 1, 128));
	assert_int_equal(nets[2].subnet, IP(10, 8, 4, 0));
	assert_int_equal(nets[3].prefix, 0);
	assert_int_equal(nets[4].subnet, IP(10, 8, 0, 0));
}

static void
no_subnet_is_free(void **state)
{
	assert_errors(
		"[net a]\nmode = host-only\n[net b]\nsubnet = 10.8.0.0/16\nmode = host-only\n"
		"[net c]\nmode = host-only\nmtu = 1\n",
		"1: found [net a] without subnet, and no 10.8.N.0/24 is free; expected subnet "
		"= ADDRESS/PREFIX in it\n"
		"6: found [net c] without subnet, and no 10.8.N.0/24 is free; expected subnet "
		"= ADDRESS/PREFIX in it\n"
		"8: found mtu = 1; expected a number from 576 to 9000, 1500 is usual\n");
	assert_string_equal(nets[1].error, "");
	/* A bridge has none, whatever it says. */
	assert_errors(
		"[net a]\nmode = host-only\n"
		"[net b]\nsubnet = 10.8.0.0/16\nmode = bridge\nuplink = e1000:0\n",
		"4: found subnet in a bridge network; expected it in a network of mode nat or "
		"host-only\n");
	assert_int_equal(nets[0].subnet, IP(10, 8, 0, 0));
	assert_int_equal(nets[1].prefix, 0);
}

static void
overlapping_subnets(void **state)
{
	assert_errors("[net a]\nmode = host-only\nsubnet = 10.1.0.0/16\n"
		      "[net b]\nmode = host-only\nsubnet = 10.1.2.0/24\n"
		      "[net c]\nsubnet = 10.0.0.0/8\nmode = host-only\n"
		      "[net d]\nmode = host-only\nsubnet = 11.0.0.0/8\n",
		      "6: found subnet = 10.1.2.0/24, which overlaps that of [net a] in line 1; "
		      "expected another one\n"
		      "8: found subnet = 10.0.0.0/8, which overlaps that of [net a] in line 1; "
		      "expected another one\n");
	assert_string_equal(nets[3].error, "");
}

static void
forwards(void **state)
{
	const struct net_forward *f = nets[0].forwards;

	assert_good(NAT "forward = tcp:8080:web:80\nforward = udp:61000:web:65535\n"
			"forward = tcp:65535:b:1\n" NIC "\n" VM("b") "nic = e1000, net=lan\n");
	assert_int_equal(nets[0].forward_count, 3);
	assert_false(f[0].udp);
	assert_int_equal(f[0].outside_port, 8080);
	assert_int_equal(f[0].guest_port, 80);
	assert_int_equal(f[0].vm.len, 3);
	assert_memory_equal(f[0].vm.at, "web", 3);
	assert_int_equal(f[0].line, 4);
	assert_true(f[1].udp);
	assert_int_equal(f[1].guest_port, 65535);
	assert_memory_equal(f[2].vm.at, "b", 1);
}

static void
wrong_forwards(void **state)
{
	static const char *const values[] = {
		"tcp",
		"tcp:80",
		"tcp:80:web",
		"tcp:80:web:",
		"tcp:0:web:80",
		"tcp:65536:web:80",
		"tcp:80:web:0",
		"tcp:80:web:65536",
		"tcp:-1:web:80",
		"icmp:80:web:80",
		"TCP:80:web:80",
		"tcp:80::80",
		"tcp:80:web:80:x",
		"tcp: 80:web:80",
		"tcp:80:Web:80",
		":80:web:80",
		"tcp:80:10.8.0.2:80",
		"tcp:80:web:80, tcp:81:web:81",
	};

	assert_each_refused(NIC "\n" NAT, "forward", values, ARRAY_SIZE(values));
}

static void
forwards_lead_to_vms_of_the_network(void **state)
{
	assert_errors(NAT "forward = tcp:1:wbe:1\nforward = tcp:2:other:1\nforward = tcp:3:web:1\n"
			  "forward = udp:3:web:1\nforward = tcp:3:web:2\n" NIC
			  "\n" VM("other") "nic = e1000, net=b\n[net b]\nmode = host-only\n",
		      "4: found forward = tcp:1:wbe:1; expected a VM of this file; did you mean "
		      "web?\n"
		      "5: found forward = tcp:2:other:1; expected a VM with a nic in this network\n"
		      "8: found forward = tcp:3:web:2, a port that line 6 forwards; expected each "
		      "once\n");
	assert_errors(NAT "forward = udp:68:web:68\nforward = udp:61001:web:1\n"
			  "forward = tcp:68:web:1\n" NIC "\n",
		      "4: found forward = udp:68:web:68, a port that the gateway needs; expected "
		      "neither udp:68 nor one above udp:61000\n"
		      "5: found forward = udp:61001:web:1, a port that the gateway needs; expected "
		      "neither udp:68 nor one above udp:61000\n");
	assert_errors(HOST_ONLY "forward = tcp:3:web:1\n" NIC "\n",
		      "3: found forward in a host-only network; expected it in a network of mode "
		      "nat\n");
}

static void
more_forwards_than_there_may_be(void **state)
{
	static char text[8192];
	size_t len = (size_t)sprintf(text, NIC "\n" NAT);

	for (unsigned i = 1; i <= CONFIG_FORWARDS_MAX; i++)
		len += (size_t)sprintf(text + len, "forward = tcp:%u:web:1\n", i);
	assert_good(text);
	sprintf(text + len, "forward = tcp:100:web:1\n");
	assert_errors(text, "72: found forward = tcp:100:web:1; expected tcp:PORT:VM:PORT or "
			    "udp:PORT:VM:PORT, at most 64 times\n");
}

static void
hosts(void **state)
{
	static const u8 mac[MAC_LEN] = {0x52, 0x54, 0, 0xab, 0xcd, 0xef};

	assert_good(HOST_ONLY "host = 52:54:00:aB:CD:ef 10.8.0.10\n"
			      "host = 52:54:00:00:00:02 \t 10.8.0.254\n");
	assert_int_equal(nets[0].host_count, 2);
	assert_memory_equal(nets[0].hosts[0].mac, mac, MAC_LEN);
	assert_int_equal(nets[0].hosts[0].address, IP(10, 8, 0, 10));
	assert_int_equal(nets[0].hosts[1].address, IP(10, 8, 0, 254));
}

static void
wrong_hosts(void **state)
{
	static const char *const values[] = {
		"52:54:00:00:00:01",
		"10.8.0.10",
		"10.8.0.10 52:54:00:00:00:01",
		"52:54:00:00:00:01 10.8.0",
		"52:54:00:00:00:01 10.8.0.256",
		"52:54:00:00:00:01 10.8.0.10 x",
		"52:54:00:00:00:01 10.8.0.-1",
		"52:54:00:00:00:01,10.8.0.10",
		"52:54:00:00:00 10.8.0.10",
		"52:54:00:00:00:01:02 10.8.0.10",
		"52-54-00-00-00-01 10.8.0.10",
		"52:54:00:00:00:0g 10.8.0.10",
		"525400000001 10.8.0.10",
		"53:54:00:00:00:01 10.8.0.10", /* a group's */
		"ff:ff:ff:ff:ff:ff 10.8.0.10",
		"00:00:00:00:00:00 10.8.0.10",
		"52:54:00:00:00:01 0.0.0.0",
		"52:54:00:00:00:01 10.8.0.0", /* not a guest's */
		"52:54:00:00:00:01 10.8.0.1",
		"52:54:00:00:00:01 10.8.0.255",
		"52:54:00:00:00:01 10.8.1.2",
	};

	assert_each_refused(HOST_ONLY, "host", values, ARRAY_SIZE(values));
}

/* By the subnet that the network has in the end, wherever the file says it. */
static void
hosts_are_in_the_subnet(void **state)
{
	assert_errors("[net lan]\nhost = 52:54:00:00:00:01 10.9.0.2\n"
		      "host = 52:54:00:00:00:02 10.9.0.1\nhost = 52:54:00:00:00:03 10.9.0.7\n"
		      "host = 52:54:00:00:00:04 10.8.0.2\nmode = host-only\nsubnet = 10.9.0.0/29\n",
		      "3: found host = 52:54:00:00:00:02 10.9.0.1; expected an address in "
		      "10.9.0.0/29, but neither one of its first two nor the last\n"
		      "4: found host = 52:54:00:00:00:03 10.9.0.7; expected an address in "
		      "10.9.0.0/29, but neither one of its first two nor the last\n"
		      "5: found host = 52:54:00:00:00:04 10.8.0.2; expected an address in "
		      "10.9.0.0/29, but neither one of its first two nor the last\n");
	/* Where the subnet is wrong nobody knows. */
	assert_errors(HOST_ONLY "host = 52:54:00:00:00:01 10.9.0.2\nsubnet = 10.9.0.0\n",
		      "4: found subnet = 10.9.0.0; expected a network's own address and /8 to /29, "
		      "as in 10.8.0.0/24\n");
	assert_errors(
		"[net a]\nmode = bridge\nuplink = e1000:0\nhost = 52:54:00:00:00:01 10.9.0.2\n",
		"4: found host in a bridge network; expected it in a network of mode nat or "
		"host-only\n");
}

static void
hosts_twice(void **state)
{
	assert_errors(HOST_ONLY "host = 52:54:00:00:00:01 10.8.0.2\n"
				"host = 52:54:00:00:00:02 10.8.0.2\n"
				"host = 52:54:00:00:00:01 10.8.0.3\n"
				"host = 52:54:00:00:00:04 10.8.0.4\n",
		      "4: found host = 52:54:00:00:00:02 10.8.0.2 beside line 3; expected each MAC "
		      "and address once\n"
		      "5: found host = 52:54:00:00:00:01 10.8.0.3 beside line 3; expected each MAC "
		      "and address once\n");
}

static void
more_hosts_than_there_may_be(void **state)
{
	static char text[8192];
	size_t len = (size_t)sprintf(text, HOST_ONLY);

	for (unsigned i = 0; i <= CONFIG_HOSTS_MAX; i++) {
		if (i == CONFIG_HOSTS_MAX)
			assert_good(text);
		len += (size_t)sprintf(text + len, "host = 52:54:00:00:00:%02x 10.8.0.%u\n", i,
				       i + 2);
	}
	assert_first(text, "67: found host = 52:54:00:00:00:40 10.8.0.66; expected MAC ADDRESS, as "
			   "in 52:54:00:00:00:01 10.8.0.10, at most 64 times\n");
}

static void
addresses(void **state)
{
	const struct net_address *address = &nets[0].address;

	assert_good(NAT "address = dhcp\n");
	assert_false(address->fixed);
	assert_good(NAT "address = 192.0.2.5/24,192.0.2.1\n");
	assert_true(address->fixed);
	assert_int_equal(address->address, IP(192, 0, 2, 5));
	assert_int_equal(address->prefix, 24);
	assert_int_equal(address->router, IP(192, 0, 2, 1));
	assert_good(NAT "address = 192.0.2.5/30 , 192.0.2.6\n");
	assert_int_equal(address->prefix, 30);
}

static void
wrong_addresses(void **state)
{
	static const char *const values[] = {
		"192.0.2.5",
		"192.0.2.5/24",
		"192.0.2.5,192.0.2.1",
		"192.0.2.5/24,",
		"192.0.2.5/24,192.0.3.1", /* a router elsewhere */
		"192.0.2.5/24,192.0.2.5", /* itself */
		"192.0.2.0/24,192.0.2.1",
		"192.0.2.255/24,192.0.2.1",
		"192.0.2.5/24,192.0.2.0",
		"192.0.2.5/24,192.0.2.255",
		"192.0.2.5/31,192.0.2.4",
		"192.0.2.5/7,192.0.2.1",
		"192.0.2.5/24,192.0.2.1,192.0.2.2",
		"224.0.0.5/24,224.0.0.1",
		"dhpc",
		"-1",
	};

	assert_each_refused(NAT "subnet = 10.8.0.0/24\n", "address", values, ARRAY_SIZE(values));
	assert_errors("[net lan]\naddress = 10.0.0.5/8,10.0.0.1\nmode = nat\nuplink = e1000:0\n"
		      "subnet = 10.8.0.0/24\n",
		      "2: found address = 10.0.0.5/8,10.0.0.1, which overlaps the subnet "
		      "10.8.0.0/24 of [net lan]; expected one outside of it\n");
	assert_errors(NAT "address = 192.0.2.5/24,192.0.2.1\n[net b]\nmode = host-only\n"
			  "subnet = 192.0.2.64/26\n",
		      "4: found address = 192.0.2.5/24,192.0.2.1, which overlaps the subnet "
		      "192.0.2.64/26 of [net b]; expected one outside of it\n");
	assert_first(NAT "address = dhpc\n",
		     "4: found address = dhpc; expected dhcp, or ADDRESS/PREFIX,ROUTER as in "
		     "192.0.2.5/24,192.0.2.1; did you mean dhcp?\n");
	assert_first(HOST_ONLY "address = dhcp\n",
		     "3: found address in a host-only network; expected it in a network of mode "
		     "nat\n");
}

static void
name_servers(void **state)
{
	static const char *const values[] = {"1.1.1",
					     "1.1.1.1,",
					     "1.1.1.1 2.2.2.2",
					     ",1.1.1.1",
					     "1.1.1.1,,2.2.2.2",
					     "1.1.1.1,2,3.3.3.3",
					     "127.0.0.1",
					     "0.0.0.0",
					     "255.255.255.255",
					     "1.1.1.1,2.2.2.2,3.3.3.3,4.4.4.4"};

	assert_good(NAT "dns = 192.0.2.53\n");
	assert_int_equal(nets[0].dns_count, 1);
	assert_int_equal(nets[0].dns[0], IP(192, 0, 2, 53));
	assert_good(NAT "dns = 1.1.1.1, 2.2.2.2 ,3.3.3.3\n");
	assert_int_equal(nets[0].dns_count, 3);
	assert_int_equal(nets[0].dns[2], IP(3, 3, 3, 3));
	assert_each_refused(NAT, "dns", values, ARRAY_SIZE(values));
}

#define LABEL "abcdefghijklmnopqrstuvwxyz0123456789-abcdefghijklmnopqrstuvwxyz"

static void
domains(void **state)
{
	static const char *const values[] =
		{"-lan", "lan-",      "lan.", "..",	 ".lan",
		 "a b",	 "a_b",	      "a..b", "a . b",	 "a. b",
		 "1",	 "example.1", "a,b",  LABEL "a", LABEL "." LABEL "." LABEL "." LABEL};

	assert_good(HOST_ONLY "domain = lan\n");
	assert_int_equal(nets[0].domain.len, 3);
	assert_memory_equal(nets[0].domain.at, "lan", 3);
	assert_good(HOST_ONLY "domain = 1.Ex-ample.ORG\n");
	assert_good(HOST_ONLY "domain = " LABEL "\n");
	assert_int_equal(strlen(LABEL), 63);
	(void)parse(HOST_ONLY "domain = " LABEL "a\n");
	assert_non_null(
		strstr(seen, "expected a domain of at most 63 bytes, as in lan or example.org"));
	for (size_t i = 0; i < ARRAY_SIZE(values) - 2; i++)
		assert_each_refused(HOST_ONLY, "domain", &values[i], 1);
	for (size_t i = ARRAY_SIZE(values) - 2; i < ARRAY_SIZE(values); i++) {
		char text[512];

		sprintf(text, HOST_ONLY "domain = %s\n", values[i]);
		assert_int_equal(parse(text), 1);
	}
}

static void
mtus(void **state)
{
	static const char *const values[] = {"575", "9001", "-1", "1500 9000", "1.5K", "65536"};

	assert_good(HOST_ONLY "mtu = 576\n");
	assert_int_equal(nets[0].mtu, 576);
	assert_good("[net lan]\nmtu = 9000\nmode = bridge\nuplink = e1000:0\n");
	assert_int_equal(nets[0].mtu, 9000);
	assert_each_refused(HOST_ONLY, "mtu", values, ARRAY_SIZE(values));
}

static void
workers(void **state)
{
	static const char *const values[] = {"on", "-1", "256", "1,2", "auto 1", "offf"};

	assert_good(HOST_ONLY "worker = off\n");
	assert_int_equal(nets[0].worker.kind, WORKER_OFF);
	assert_good(HOST_ONLY "worker = 255\n");
	assert_int_equal(nets[0].worker.kind, WORKER_CPU);
	assert_int_equal(nets[0].worker.cpu, 255);
	assert_good(HOST_ONLY "worker = auto\n");
	assert_int_equal(nets[0].worker.kind, WORKER_AUTO);
	assert_each_refused(HOST_ONLY, "worker", values, ARRAY_SIZE(values));
	assert_first(HOST_ONLY "worker = aoto\n",
		     "3: found worker = aoto; expected auto, off or the number of a CPU, from 0 to "
		     "255; did you mean auto?\n");
}

static void
nics(void **state)
{
	static const u8 mac[MAC_LEN] = {0x52, 0x54, 0, 0, 0, 1};
	const struct nic_config *nic = vms[0].nics;
	u8 trunk[CONFIG_VLANS / 8];

	assert_good(NIC "\n" HOST_ONLY);
	assert_int_equal(vms[0].nic_count, 1);
	assert_int_equal(nic->kind, NIC_E1000);
	assert_string_equal(nic->net, "lan");
	assert_int_equal(nic->vlan + nic->trunk.len + nic->rate_bits, 0);
	assert_false(nic->spoof_deny || nic->isolate);
	assert_good(VM("web") "nic=e1000 ,rate = 100M,isolate=yes, spoof=deny,vlan= 10,"
			      "trunk=1+ 20 - 29 +4094,mac=52:54:00:00:00:01,net=lan # here\n"
			      "nic = e1000, net=lan, isolate=no, spoof=allow\n" HOST_ONLY);
	assert_int_equal(vms[0].nic_count, 2);
	assert_string_equal(nic->net, "lan");
	assert_memory_equal(nic->mac, mac, MAC_LEN);
	assert_int_equal(nic->vlan, 10);
	assert_int_equal(nic->rate_bits, 100 * 1000 * 1000);
	assert_true(nic->spoof_deny && nic->isolate);
	config_trunk(nic->trunk, trunk);
	for (u32 vlan = 0; vlan < CONFIG_VLANS; vlan++)
		assert_int_equal((trunk[vlan / 8] >> vlan % 8 & 1) != 0,
				 vlan == 1 || (vlan >= 20 && vlan <= 29) || vlan == 4094);
	config_trunk(nic[1].trunk, trunk);
	for (u32 i = 0; i < sizeof(trunk); i++)
		assert_int_equal(trunk[i], 0);
	assert_false(nic[1].spoof_deny || nic[1].isolate);
}

/* What stands behind e1000, net=lan, and the error of it. */
static void
assert_nic_error(const char *more, const char *want)
{
	char text[512], line[512];

	snprintf(text, sizeof(text), NIC "%s\n" HOST_ONLY, more);
	snprintf(line, sizeof(line), "4: found %s\n", want);
	(void)parse(text);
	assert_string_equal(seen, line);
	line[strlen(line) - 1] = '\0';
	assert_memory_equal(vms[0].error, "ashlar.conf:4: found ", 21);
	assert_string_equal(nets[0].error, "");
}

#define NIC_KEYS "net, mac, vlan, trunk, rate, spoof, isolate"

static void
wrong_nics(void **state)
{
	assert_nic_error(", vlna=10", "vlna; expected a key of nic; did you mean vlan?");
	assert_nic_error(",", "nothing; expected a key of nic: " NIC_KEYS);
	assert_nic_error(", =5", "nothing; expected a key of nic: " NIC_KEYS);
	assert_nic_error(", virtio", "virtio; expected a key of nic: " NIC_KEYS);
	assert_nic_error(", isolate", "isolate without a value; expected yes or no");
	assert_nic_error(", isolate=on", "isolate = on; expected yes or no; did you mean no?");
	assert_nic_error(", spoof=denny",
			 "spoof = denny; expected allow or deny; did you mean deny?");
	assert_nic_error(", vlan=1, vlan=1", "vlan a second time in one nic; expected it once");
	assert_nic_error(", net=lan", "net a second time in one nic; expected it once");
	assert_nic_error(", vlan=0", "vlan = 0; expected a number from 1 to 4094");
	assert_nic_error(", vlan=4095", "vlan = 4095; expected a number from 1 to 4094");
	assert_nic_error(", mac=01:00:5e:00:00:01",
			 "mac = 01:00:5e:00:00:01; expected an address of one station, as in "
			 "52:54:00:00:00:01");
	assert_nic_error(", mac=00:00:00:00:00:00",
			 "mac = 00:00:00:00:00:00; expected an address of one station, as in "
			 "52:54:00:00:00:01");
}

static void
wrong_kinds_of_nics(void **state)
{
	assert_first(VM("web") "nic = e100, net=lan\n" HOST_ONLY,
		     "4: found nic = e100; expected e1000, net=NAME, at most 8 times, as in e1000, "
		     "net=lan; did you mean e1000?\n");
	assert_first(VM("web") "nic = net=lan\n" HOST_ONLY,
		     "4: found nic = net=lan; expected e1000, net=NAME");
	assert_first(VM("web") "nic =\n" HOST_ONLY, "4: found nic without a value; expected ");
	assert_errors(VM("web") "nic = e1000\n" HOST_ONLY,
		      "4: found nic = e1000 without net; expected net=NAME in it\n");
	assert_errors(VM("web") "nic = e1000, vlan=7,,\n" HOST_ONLY,
		      "4: found nothing; expected a key of nic: " NIC_KEYS "\n"
		      "4: found nothing; expected a key of nic: " NIC_KEYS "\n"
		      "4: found nic = e1000 without net; expected net=NAME in it\n");
}

static void
trunks_and_rates(void **state)
{
	static const char *const wrong[] = {"trunk=0",
					    "trunk=4095",
					    "trunk=1+",
					    "trunk=+1",
					    "trunk=2-1",
					    "trunk=1-4095",
					    "trunk=1-2-3",
					    "trunk=all",
					    "rate=0",
					    "rate=999",
					    "rate=101G",
					    "rate=1m",
					    "rate=M",
					    "rate=1.5M",
					    "rate=1Mbit",
					    "rate=-1M",
					    "rate=18446744073709551615G"};
	static const struct {
		const char *text;
		u64 bits;
	} rates[] = {
		{"1000", 1000			     },
		{"1K",   1000			   },
		      {"64K",  64000			   },
		      {"100G", 100ul * 1000 * 1000 * 1000}
	  };
	char text[256];

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		snprintf(text, sizeof(text), NIC ", %s\n" HOST_ONLY, wrong[i]);
		assert_int_equal(parse(text), 1);
		assert_memory_equal(seen, "4: found ", 9);
	}
	for (size_t i = 0; i < ARRAY_SIZE(rates); i++) {
		snprintf(text, sizeof(text), NIC ", rate=%s\n" HOST_ONLY, rates[i].text);
		assert_good(text);
		assert_int_equal(vms[0].nics[0].rate_bits, rates[i].bits);
	}
}

static void
networks_of_nics(void **state)
{
	assert_errors(VM("web") "nic = e1000, net=lna\nvcpus = 0\n" HOST_ONLY,
		      "4: found net = lna; expected the NAME of a [net NAME] of this file; did you "
		      "mean lan?\n"
		      "5: found vcpus = 0; expected a number from 1 to 64\n");
	assert_errors(NIC "\n",
		      "4: found net = lan; expected the NAME of a [net NAME] of this file\n");
	assert_errors(VM("web") "nic = e1000, net=Lan\n" HOST_ONLY,
		      "4: found net = Lan; expected the NAME of a [net NAME] of this file\n");
}

static void
more_nics_than_there_may_be(void **state)
{
	char text[1024] = VM("web");

	for (unsigned i = 0; i < CONFIG_NICS_MAX; i++)
		strcat(text, "nic = e1000, net=lan\n");
	strcat(text, HOST_ONLY);
	assert_good(text);
	assert_int_equal(vms[0].nic_count, CONFIG_NICS_MAX);
	strcat(text, VM("b"));
	for (unsigned i = 0; i <= CONFIG_NICS_MAX; i++)
		strcat(text, "nic = e1000, net=lan\n");
	assert_first(text, "25: found nic = e1000; expected e1000, net=NAME, at most 8 times");
	assert_int_equal(vms[1].nic_count, CONFIG_NICS_MAX);
}

/* Stable: guests know their cards by these addresses, so no version may change them. */
static void
default_macs(void **state)
{
	static const u8 web0[MAC_LEN] = {0x92, 0x9e, 0xdf, 0x12, 0xa3, 0x5f};
	u8 mac[MAC_LEN], other[MAC_LEN];

	config_default_mac("web", 0, mac);
	assert_memory_equal(mac, web0, MAC_LEN);
	for (u32 i = 0; i < 1000; i++) {
		config_default_mac("web", i, mac);
		assert_int_equal(mac[0] & 3, 2);
		config_default_mac("web", i + 1, other);
		assert_memory_not_equal(mac, other, MAC_LEN);
		config_default_mac("web1", i, other);
		assert_memory_not_equal(mac, other, MAC_LEN);
	}
	assert_good(NIC "\nnic = e1000, net=lan\n" VM("b") "nic = e1000, net=lan\n" HOST_ONLY);
	assert_memory_equal(vms[0].nics[0].mac, web0, MAC_LEN);
	config_default_mac("web", 1, mac);
	assert_memory_equal(vms[0].nics[1].mac, mac, MAC_LEN);
	config_default_mac("b", 0, mac);
	assert_memory_equal(vms[1].nics[0].mac, mac, MAC_LEN);
}

/* As many as there may be, each without a word of its address. */
static void
default_macs_differ(void **state)
{
	static char text[CONFIG_VMS_MAX * 256];
	size_t len = (size_t)sprintf(text, HOST_ONLY);

	for (unsigned i = 0; i < CONFIG_VMS_MAX; i++) {
		len += (size_t)sprintf(text + len, "[vm v%u]\nmemory=1M\nkernel=k\n", i);
		for (unsigned n = 0; n < CONFIG_NICS_MAX; n++)
			len += (size_t)sprintf(text + len, "nic=e1000,net=lan\n");
	}
	assert_good(text);
	assert_int_equal(config.vm_count, CONFIG_VMS_MAX);
}

#define MAC1 "52:54:00:00:00:01"

static void
equal_macs(void **state)
{
	assert_errors(NIC ", mac=" MAC1 "\nnic = e1000, net=b, mac=" MAC1 "\n"
			  "nic = e1000, mac=" MAC1
			  ", net=lan\n" VM("c") "nic = e1000, net=b\nnic = e1000, net=b, mac=" MAC1
						"\n" HOST_ONLY "[net b]\nmode = host-only\n",
		      "6: found nic = e1000 with mac=" MAC1
		      ", which nic 0 of web has; expected each "
		      "once in a network\n"
		      "11: found nic = e1000 with mac=" MAC1 ", which nic 1 of web has; expected "
		      "each once in a network\n");
	assert_string_not_equal(vms[0].error, "");
	assert_string_not_equal(vms[1].error, "");
}

/* A network with an error takes its VMs with it, and nobody else. */
static void
disabled_networks(void **state)
{
	assert_errors(NIC "\n" VM("b") "nic = e1000, net=c\n" VM("d") VM(
			      "e") "nic = e1000, net=c\nnic = e1000, net=lan\nvcpus = 0\n" HOST_ONLY
				   "mtu = 1\nworker = x\n[net c]\nmode = host-only\n",
		      "17: found vcpus = 0; expected a number from 1 to 64\n"
		      "20: found mtu = 1; expected a number from 576 to 9000, 1500 is usual\n"
		      "21: found worker = x; expected auto, off or the number of a CPU, from 0 to "
		      "255\n");
	assert_string_equal(nets[0].error, "ashlar.conf:20: found mtu = 1; expected a number from "
					   "576 to 9000, 1500 is usual");
	assert_string_equal(nets[1].error, "");
	assert_string_equal(vms[0].error, "network lan: line 20: found mtu = 1; expected a number "
					  "from 576 to 9000, 1500 is usual");
	assert_string_equal(vms[1].error, "");
	assert_string_equal(vms[2].error, "");
	assert_memory_equal(vms[3].error, "ashlar.conf:17: ", 16);
}

/* Errors outside of any network or VM are nobody's. */
static void
sections_that_do_not_count(void **state)
{
	assert_errors(HOST_ONLY NIC ", mac=" MAC1 "\n[vm web]\nnic = e1000, net=lan, mac=" MAC1 "\n"
				    "[net lan]\nuplink = e1000:0\nsubnet = 10.8.0.0/24\n"
				    "host = " MAC1 " 10.8.0.9\nforward = tcp:1:web:1\n"
				    "[net Lan]\nsubnet = 10.8.0.0/24\n",
		      "7: found [vm web] a second time; expected it once, as in line 3\n"
		      "9: found [net lan] a second time; expected it once, as in line 1\n"
		      "14: found [net Lan]; expected a name of 1 to 31 characters out of a-z, 0-9, "
		      "_ and -\n");
	assert_int_equal(vms[0].nic_count, 1);
	assert_int_equal(nets[0].host_count + nets[0].forward_count, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(modes),
		cmocka_unit_test(wrong_modes),
		cmocka_unit_test(what_holds_where_nothing_is_said),
		cmocka_unit_test(names_of_networks),
		cmocka_unit_test(more_networks_than_there_may_be),
		cmocka_unit_test(uplinks),
		cmocka_unit_test(wrong_uplinks),
		cmocka_unit_test(uplink_is_for_those_that_go_out),
		cmocka_unit_test(one_network_per_uplink),
		cmocka_unit_test(subnets),
		cmocka_unit_test(wrong_subnets),
		cmocka_unit_test(found_subnets_are_free),
		cmocka_unit_test(no_subnet_is_free),
		cmocka_unit_test(overlapping_subnets),
		cmocka_unit_test(forwards),
		cmocka_unit_test(wrong_forwards),
		cmocka_unit_test(forwards_lead_to_vms_of_the_network),
		cmocka_unit_test(more_forwards_than_there_may_be),
		cmocka_unit_test(hosts),
		cmocka_unit_test(wrong_hosts),
		cmocka_unit_test(hosts_are_in_the_subnet),
		cmocka_unit_test(hosts_twice),
		cmocka_unit_test(more_hosts_than_there_may_be),
		cmocka_unit_test(addresses),
		cmocka_unit_test(wrong_addresses),
		cmocka_unit_test(name_servers),
		cmocka_unit_test(domains),
		cmocka_unit_test(mtus),
		cmocka_unit_test(workers),
		cmocka_unit_test(nics),
		cmocka_unit_test(wrong_nics),
		cmocka_unit_test(wrong_kinds_of_nics),
		cmocka_unit_test(trunks_and_rates),
		cmocka_unit_test(networks_of_nics),
		cmocka_unit_test(more_nics_than_there_may_be),
		cmocka_unit_test(default_macs),
		cmocka_unit_test(default_macs_differ),
		cmocka_unit_test(equal_macs),
		cmocka_unit_test(disabled_networks),
		cmocka_unit_test(sections_that_do_not_count),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
