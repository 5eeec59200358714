/* SPDX-License-Identifier: MIT */
/* Starting the other CPUs, and calling functions on them. */
#pragma once

#include "arch/x86_64/cpu.h"
#include "include/errors.h"

/*
 * Sends INIT and the start-up IPIs to a CPU (SDM vol. 3, 9.4.4), which then runs the code at the
 * 4 KiB page below 1 MiB, and waits until cpu->online is set. -ERR_TIMEOUT when it is not in time:
 * the CPU is then held in INIT, and stays offline.
 */
__must_check int smp_start_cpu(struct cpu *cpu, hpa_t page);

/* Installs the IPI for calls. */
void smp_init(void);

/*
 * Runs fn(arg) on another CPU, in interrupt context, and returns when it has returned; on this CPU
 * it is called at once. Interrupts must be on and no lock held. -ERR_NODEV when the CPU is not up;
 * one that is, and does not answer within ten seconds, has lost its way: a panic.
 */
__must_check int cpu_call(u32 cpu, void (*fn)(void *), void *arg);

/* Sends an IPI, and leaves a trace of it. */
void smp_send(const struct cpu *cpu, u8 vector);

/* Asks a CPU to look at its run queue. */
void smp_reschedule(u32 cpu);
