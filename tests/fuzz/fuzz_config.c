/* SPDX-License-Identifier: MIT */
// SOURCES: core/config.c core/config_keys.c core/config_values.c core/config_words.c
// SOURCES: core/config_section.c core/config_net.c core/config_nic.c core/config_check.c
// SOURCES: core/config_cmdline.c
// SOURCES: lib/ini.c lib/text.c lib/format.c lib/distance.c
/*
 * Any bytes as ashlar.conf, and then as the command line: every error is a printable sentence with
 * a line of the file, in rising order, and what remains is a configuration that one can boot with.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static u32 reported, last_line;

static void
check(bool condition)
{
	if (!condition)
		abort();
}

static void
check_printable(const char *text)
{
	for (const char *c = text; *c != '\0'; c++)
		check(*c >= ' ' && *c <= '~');
}

static void
on_error(struct config_report *report, u32 line, const char *text)
{
	check(line >= last_line);
	check(strncmp(text, "found ", 6) == 0 && strlen(text) <= LOG_LINE_MAX);
	check(strstr(text, "; expected ") != NULL);
	check_printable(text);
	last_line = line;
	reported++;
}

/* Half of the files are there. */
static const char *
check_file(struct config_report *report, struct slice file)
{
	check(file.len > 0 && file.len <= CONFIG_FILE_MAX);
	return file.at[0] % 2 != 0 ? "a file that can be read" : NULL;
}

static bool
is_station(const u8 *mac)
{
	return (mac[0] & 1) == 0 && (mac[0] | mac[1] | mac[2] | mac[3] | mac[4] | mac[5]) != 0;
}

static void
check_nic(const struct config *config, const struct nic_config *nic)
{
	const struct net_config *net = config_find_net(config, nic->net);
	u8 trunk[CONFIG_VLANS / 8];

	check(net != NULL && net->error[0] == '\0');
	check(nic->kind < NIC_KINDS && is_station(nic->mac) && nic->vlan < CONFIG_VLANS - 1);
	config_trunk(nic->trunk, trunk);
	check((trunk[0] & 1) == 0 && trunk[sizeof(trunk) - 1] < 0x80);
}

static bool
is_inside(const struct net_config *net, u32 address)
{
	return (address ^ net->subnet) >> (32 - net->prefix) == 0;
}

static bool
has_gateway(const struct net_config *net)
{
	return net->mode != NET_BRIDGE;
}

/* Whatever a network without an error has been told can be made. */
static void
check_good_net(const struct config *config, const struct net_config *net)
{
	check(net->mode > NET_MODE_NONE && net->mode < NET_MODES);
	check((net->uplink.kind == UPLINK_NONE) == (net->mode == NET_HOST_ONLY));
	check((net->prefix != 0) == has_gateway(net));
	check(has_gateway(net) || net->host_count + net->forward_count == 0);
	if (has_gateway(net))
		check(net->prefix >= 8 && net->prefix <= 29 && net->subnet << net->prefix == 0);
	for (u32 i = 0; i < net->host_count; i++)
		check(is_station(net->hosts[i].mac) && is_inside(net, net->hosts[i].address) &&
		      net->hosts[i].address > net->subnet + 1);
	for (u32 i = 0; i < net->forward_count; i++)
		check(net->forwards[i].outside_port != 0 && net->forwards[i].guest_port != 0 &&
		      net->forwards[i].vm.len > 0);
	for (const struct net_config *other = config->nets; other != net; other++)
		check(other->error[0] != '\0' || !has_gateway(net) || !has_gateway(other) ||
		      (!is_inside(net, other->subnet) && !is_inside(other, net->subnet)));
}

static void
check_net(const struct config *config, const struct net_config *net)
{
	check(net->name[0] != '\0' && strlen(net->name) <= CONFIG_NAME_MAX);
	check(strlen(net->error) < CONFIG_REASON_MAX);
	check(net->error[0] == '\0' || strncmp(net->error, "ashlar.conf:", 12) == 0);
	check_printable(net->error);
	check(net->forward_count <= CONFIG_FORWARDS_MAX && net->host_count <= CONFIG_HOSTS_MAX);
	check(net->mtu >= CONFIG_MTU_MIN && net->mtu <= CONFIG_MTU_MAX);
	check(net->dns_count <= CONFIG_DNS_MAX);
	if (net->error[0] == '\0')
		check_good_net(config, net);
}

/* Whatever a VM without an error has been told can be started. */
static void
check_vm(const struct config *config, const struct vm_config *vm)
{
	check(vm->name[0] != '\0' && strlen(vm->name) <= CONFIG_NAME_MAX);
	check(strlen(vm->error) < CONFIG_REASON_MAX);
	check(vm->error[0] == '\0' || strncmp(vm->error, "ashlar.conf:", 12) == 0 ||
	      strncmp(vm->error, "network ", 8) == 0);
	check_printable(vm->error);
	check(vm->vcpus >= 1 && vm->vcpus <= CONFIG_VCPUS_MAX);
	check(vm->module_count <= CONFIG_MODULES_MAX && vm->memory % MiB == 0);
	check(vm->nic_count <= CONFIG_NICS_MAX);
	for (u32 i = 0; vm->error[0] == '\0' && i < vm->nic_count; i++)
		check_nic(config, &vm->nics[i]);
	if (vm->error[0] == '\0')
		check(vm->memory > 0 && (vm->kernel.len > 0) != (vm->firmware.len > 0));
}

static void
check_config(const struct config *config)
{
	const struct console_spec *console = &config->console;

	check(config->log < LOG_LEVELS);
	if (console->kind == CONSOLE_COM)
		check(console->com >= 1 && console->com <= 4);
	else if (console->kind == CONSOLE_IO)
		check(console->port >= 0x100 && console->port <= 0xfff8);
	else
		check(console->kind == CONSOLE_ACPI);
	check(config->vm_count <= CONFIG_VMS_MAX);
	for (u32 i = 0; i < config->vm_count; i++)
		check_vm(config, &config->vms[i]);
	check(config->net_count <= CONFIG_NETS_MAX);
	for (u32 i = 0; i < config->net_count; i++)
		check_net(config, &config->nets[i]);
}

static void
check_cmdline(const uint8_t *data, size_t size)
{
	struct config_report report = {on_error, check_file};
	static struct config config;
	char *text = malloc(size + 1);

	memcpy(text, data, size);
	text[size] = '\0';
	reported = last_line = 0;
	config_defaults(&config);
	config_parse_cmdline(text, &config, &report);
	check(last_line == 0 && reported <= CONFIG_WORDS_SHOWN + 1);
	check_config(&config);
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct config_report report = {on_error, check_file};
	static struct config config;
	static struct vm_config vms[CONFIG_VMS_MAX];
	static struct net_config nets[CONFIG_NETS_MAX];
	u32 lines = 1;

	if (size == 0)
		return 0;
	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	reported = last_line = 0;
	config_defaults(&config);
	config.vms = vms;
	config.nets = nets;
	config_parse_host((const char *)data, size, &config);
	check(config.vm_room <= CONFIG_VMS_MAX && config.net_room <= CONFIG_NETS_MAX);
	check(reported == 0);
	check_config(&config);
	config_defaults(&config);
	config.vms = vms;
	config.vm_room = CONFIG_VMS_MAX;
	config.nets = nets;
	config.net_room = CONFIG_NETS_MAX;
	check(config_parse((const char *)data, size, &config, &report) == reported);
	check(last_line <= lines && (reported == 0 || last_line > 0));
	check_config(&config);
	check_cmdline(data, size);
	return 0;
}
