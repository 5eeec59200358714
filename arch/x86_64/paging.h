/* SPDX-License-Identifier: MIT */
/*
 * The CPU's side of the hypervisor's page tables: CR3, PAT, and flushes on all CPUs. What the
 * tables say is mm/kmap.c's.
 */
#pragma once

#include "include/types.h"

/* Loads the root of the final tables on this CPU, and drops every older translation, global too. */
void paging_load(hpa_t root);
hpa_t paging_root(void);

bool paging_has_1g_pages(void);
bool paging_has_nx(void);

/*
 * PAT as all CPUs have it (SDM vol. 3, 12.12): the entries that PWT, PCD and PAT select are
 * 0 WB, 1 WT, 2 UC-, 3 UC as at reset, and 4 WC. mm/pt_x86.c encodes them.
 */
enum { PAT_WB = 0, PAT_WT = 1, PAT_UC_MINUS = 2, PAT_UC = 3, PAT_WC = 4 };
void paging_init_pat(void);

/*
 * Drops the translations of a range on every CPU, and returns when all have. Interrupts must be on
 * and no lock held once other CPUs are up: those may be waiting for it with interrupts off.
 */
void tlb_flush_range(u64 va, size_t len);

/* All translations of this CPU, global ones too. */
void tlb_flush_here(void);

/* Installs the interrupt by which a CPU is asked to flush. */
void tlb_init(void);
