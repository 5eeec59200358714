/* SPDX-License-Identifier: MIT */
/*
 * A program for the Linux guest: what it takes from the CPU's start to here, to start 50 programs,
 * and to write 32 MiB of fresh memory, in ticks of the TSC, one line each.
 * tests/system/linux_figures.py runs it in a VM and straight on a machine.
 */
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <x86intrin.h>

enum { PROGRAMS = 50, FRESH = 32 << 20 };

static uint64_t
now(void)
{
	_mm_lfence();
	return __rdtsc();
}

static int
run(const char *program)
{
	char *const argv[] = {(char *)program, NULL};
	int status = -1;
	pid_t child = fork();

	if (child == 0) {
		execv(program, argv);
		_exit(127);
	}
	if (child < 0 || waitpid(child, &status, 0) != child)
		return -1;
	return status;
}

/* False when one of them failed: then there is nothing to measure. */
static int
fork_and_exec(uint64_t *ticks)
{
	uint64_t begin = now();

	for (int n = 0; n < PROGRAMS; n++) {
		if (run("/bin/true") != 0)
			return 0;
	}
	*ticks = now() - begin;
	return 1;
}

static int
write_fresh_memory(uint64_t *ticks)
{
	uint64_t begin = now();
	volatile uint64_t *memory =
		mmap(NULL, FRESH, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		return 0;
	for (size_t n = 0; n < FRESH / sizeof(*memory); n++)
		memory[n] = n;
	*ticks = now() - begin;
	return 1;
}

int
main(void)
{
	uint64_t boot = now(), programs, memory;

	if (!fork_and_exec(&programs) || !write_fresh_memory(&memory)) {
		puts("measure: failed");
		return 1;
	}
	printf("figure boot %lu\nfigure programs %lu\nfigure memory %lu\nfigures: end\n", boot,
	       programs, memory);
	return 0;
}
