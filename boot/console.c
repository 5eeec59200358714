/* SPDX-License-Identifier: MIT */
/* The console: which UART, which screen, and how a panic reaches both. */
#include "arch/x86_64/panic.h"
#include "boot/boot.h"
#include "drivers/acpi_spcr.h"
#include "drivers/screen.h"
#include "drivers/uart.h"
#include "lib/format.h"
#include "mm/direct.h"
#include "mm/heap.h"
#include "mm/kmap.h"

enum { EARLY_MAP_END_GIB = 4 }; /* entry.asm maps so much */
enum { EARLY_CELLS = 80 * 50 };

static struct uart uart;
static struct screen screen;
static u8 early_cells[EARLY_CELLS]; /* the screen's, until there is memory for more */
static bool have_uart, have_screen;
static char port_name[12];

static void
panic_to_uart(const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (bytes[i] == '\n')
			uart_write_raw(&uart, "\r\n", 2);
		else
			uart_write_raw(&uart, &bytes[i], 1);
	}
}

/* The screen takes whole lines. */
static void
panic_to_screen(const char *bytes, size_t len)
{
	static char line[LOG_LINE_MAX + 1];
	static size_t used;

	for (size_t i = 0; i < len && have_screen; i++) {
		if (bytes[i] != '\n' && used < LOG_LINE_MAX)
			line[used++] = bytes[i];
		if (bytes[i] == '\n') {
			line[used] = '\0';
			screen_print(&screen, LOG_ERROR, line);
			used = 0;
		}
	}
}

static struct panic_output uart_panic = {.write = panic_to_uart};
static struct panic_output screen_panic = {.write = panic_to_screen};

static void
use_uart(const struct uart_config *uc)
{
	if (uart_probe(&uart, uc) != 0) {
		log_warn("%s: no UART answers there", uc->name);
		return;
	}
	have_uart = true;
	log_add_output(&uart.log, true);
	panic_add_output(&uart_panic);
}

static void
use_io_uart(u16 port)
{
	struct uart_config uc;

	format(port_name, sizeof(port_name), "io:%#x", port);
	uart_config_io(&uc, port_name, port);
	use_uart(&uc);
}

static void
use_com(unsigned number)
{
	struct uart_config uc;

	format(port_name, sizeof(port_name), "com%u", number);
	uart_config_io(&uc, port_name, uart_com_port(number));
	use_uart(&uc);
}

static void
screen_config(const struct boot_framebuffer *fb, struct screen_config *sc)
{
	*sc = (struct screen_config){
		.kind = fb->kind == BOOT_SCREEN_TEXT ? SCREEN_TEXT : SCREEN_RGB,
		.width = fb->width,
		.height = fb->height,
		.pitch = fb->pitch,
		.bpp = fb->bits_per_pixel,
		.red = {fb->red.position,	  fb->red.size  },
		.green = {fb->green.position, fb->green.size},
		.blue = {fb->blue.position,  fb->blue.size },
	};
}

static void
start_screen(const struct screen_config *sc, u8 *cells, size_t count)
{
	if (screen_init(&screen, sc, cells, count) != 0)
		return;
	have_screen = true;
	log_add_output(&screen.log, true);
}

static void
stop_screen(void)
{
	if (have_screen)
		log_remove_output(&screen.log);
	have_screen = false;
}

/* Now, where early boot has mapped it; a framebuffer above 4 GiB has to wait. */
static void
open_screen(const struct boot_framebuffer *fb)
{
	struct screen_config sc;
	u64 bytes;

	if (fb->kind == BOOT_SCREEN_NONE)
		return;
	screen_config(fb, &sc);
	bytes = screen_bytes(&sc);
	if (bytes == 0 || fb->base.v >= EARLY_MAP_END_GIB * GiB ||
	    bytes > EARLY_MAP_END_GIB * GiB - fb->base.v)
		return;
	sc.base = hpa_to_ptr(fb->base);
	start_screen(&sc, early_cells, sizeof(early_cells));
}

void
console_open(const struct config *config, const struct boot_framebuffer *fb)
{
	panic_add_output(&screen_panic);
	open_screen(fb);
	if (config->console.kind == CONSOLE_COM)
		use_com(config->console.com);
	else if (config->console.kind == CONSOLE_IO)
		use_io_uart(config->console.port);
}

static void *screen_base; /* in the final tables; NULL: not there */

void
console_map_screen(const struct boot_framebuffer *fb)
{
	struct screen_config sc;
	u64 bytes;

	if (fb->kind == BOOT_SCREEN_NONE)
		return;
	screen_config(fb, &sc);
	bytes = screen_bytes(&sc);
	if (bytes == 0 || kmap_device(fb->base, bytes, PT_WC, &screen_base) == 0)
		return;
	log_warn("the screen's memory at %#lx is in RAM, says the memory map: no screen",
		 fb->base.v);
	screen_base = NULL;
}

/* Anew, and as large as it is: the log is shown again. */
void
console_use_screen(const struct boot_framebuffer *fb)
{
	struct screen_config sc;
	u8 *cells = early_cells;
	size_t count = sizeof(early_cells), want;

	stop_screen();
	if (screen_base == NULL)
		return;
	screen_config(fb, &sc);
	sc.base = screen_base;
	want = screen_cells(&sc);
	if (want > count && (cells = heap_alloc(want)) != NULL)
		count = want;
	start_screen(&sc, cells != NULL ? cells : early_cells, count);
}

void
console_show(const char *line)
{
	if (have_screen)
		screen_print(&screen, LOG_INFO, line);
}

static int
spcr_config(const struct acpi_spcr_info *spcr, struct uart_config *uc)
{
	void *regs;
	int err;

	if (spcr->base.space == ACPI_SPACE_IO) {
		uart_config_io(uc, "acpi", (u16)spcr->base.address);
	} else {
		err = kmap_device(HPA(spcr->base.address), PAGE_SIZE, PT_UC, &regs);
		if (err == 0)
			err = uart_config_mmio(uc, "acpi", regs, spcr->base.bit_width,
					       spcr->base.access_size);
		if (err != 0)
			return err;
	}
	uc->baud = spcr->baud;
	if (spcr->has_irq)
		uc->isa_irq = (s8)spcr->irq;
	return 0;
}

void
console_open_acpi(const struct config *config)
{
	const struct acpi_spcr_info *spcr = acpi_spcr();
	struct uart_config uc;

	if (config->console.kind != CONSOLE_ACPI)
		return;
	if (spcr != NULL && spcr->is_16550 && spcr->base.address != 0 &&
	    spcr_config(spcr, &uc) == 0)
		use_uart(&uc);
	if (!have_uart) {
		log_warn("console = acpi: the machine's SPCR names no UART of ours: taking com1");
		use_com(1);
	}
}

void
console_drain(void)
{
	if (have_uart)
		uart_drain(&uart);
}

struct uart *
console_uart(void)
{
	return have_uart ? &uart : NULL;
}
