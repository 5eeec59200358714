/* SPDX-License-Identifier: MIT */
/*
 * The shell on the machine's serial line: what the UART receives waits in its ring, and wakes the
 * shell's thread.
 */
#include "shell/console.h"

#include "arch/x86_64/irq.h"
#include "arch/x86_64/time.h"
#include "include/panic.h"
#include "mm/heap.h"
#include "sched/thread.h"
#include "sched/wait.h"
#include "shell/shell.h"

/* What a command prints piece by piece is sent by the line: a UART's FIFO takes 16 bytes at once.
 */
enum { OUT_MAX = 256 };

struct console {
	struct terminal terminal;
	char out[OUT_MAX];
	size_t out_used;
	struct uart *uart;
	struct wait_queue input; /* woken when the UART has received something */
	bool woken;		 /* by console_wake(); atomic */
};

static bool
has_news(const struct console *console)
{
	return uart_has_input(console->uart) || READ_ONCE(console->woken);
}

static void
flush(struct console *console)
{
	size_t len = console->out_used;

	console->out_used = 0;
	if (len > 0)
		uart_write(console->uart, console->out, len);
}

static void
console_write(struct terminal *terminal, const char *bytes, size_t len)
{
	struct console *console = container_of(terminal, struct console, terminal);

	for (size_t i = 0; i < len; i++) {
		console->out[console->out_used++] = bytes[i];
		if (bytes[i] == '\n' || console->out_used == OUT_MAX)
			flush(console);
	}
}

/* Whoever reads has seen all that was written. */
static size_t
console_read(struct terminal *terminal, u8 *bytes, size_t len, u64 timeout_ns)
{
	struct console *console = container_of(terminal, struct console, terminal);
	struct uart *uart = console->uart;

	flush(console);
	if (timeout_ns == TERMINAL_FOREVER)
		wait_event(&console->input, has_news(console));
	else if (timeout_ns > 0)
		(void)wait_event_timeout(&console->input, has_news(console), timeout_ns);
	__atomic_store_n(&console->woken, false, __ATOMIC_SEQ_CST);
	return uart_read(uart, bytes, len);
}

/* Once for all that comes until the shell's thread looks: a guest calls this for each byte. */
static void
console_wake(struct terminal *terminal)
{
	struct console *console = container_of(terminal, struct console, terminal);

	if (!__atomic_exchange_n(&console->woken, true, __ATOMIC_SEQ_CST))
		wait_wake_all(&console->input);
}

static void
received(void *arg)
{
	struct console *console = arg;

	wait_wake_all(&console->input);
}

/* 16 bytes, the FIFO of a UART, take 1.4 ms at 115200 baud. */
static void
poll_uart(void *arg)
{
	for (;;) {
		uart_poll(arg);
		thread_sleep_ns(NS_PER_MS);
	}
}

static void
start_receiving(struct uart *uart)
{
	const struct uart_config *config = &uart->config;

	if (config->isa_irq >= 0 &&
	    irq_install_isa((u8)config->isa_irq, uart_interrupt, uart, config->name) == 0) {
		uart_use_interrupt(uart);
		return;
	}
	log_warn("%s: no interrupt: it is polled every millisecond", config->name);
	if (thread_create("uart", poll_uart, uart, PRIORITY_HIGH, 0, NULL) != 0)
		log_error("%s: no thread to poll it: what is typed won't be seen", config->name);
}

void
console_run(void *uart)
{
	static struct console console = {
		.terminal = {console_read, console_write, console_wake}
	       };
	struct shell *shell = heap_alloc(sizeof(*shell));
	u8 *rx = heap_alloc(UART_RX_SIZE);

	if (shell == NULL || rx == NULL)
		panic("no memory for the shell");
	console.uart = uart;
	wait_queue_init(&console.input);
	uart_set_receiver(uart, rx, received, &console);
	start_receiving(uart);
	uart_use_sleep(uart, thread_sleep_ns);
	log_remove_output(&console.uart->log);
	shell_run(shell, &console.terminal);
}
