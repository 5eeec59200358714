/* SPDX-License-Identifier: MIT */
/*
 * Registers (chapter 13): those that are accessed for each interrupt and each batch of frames by a
 * switch, the others by a table of what is stored where and which bits there are. What is not
 * there reads 0.
 */
#include "drivers/e1000/model_private.h"

#include "lib/string.h"

struct stored {
	u32 first, last; /* offsets, both included */
	u32 writable;
	u16 field; /* in struct e1000_registers, of the first; the others lie behind it */
};

#define ONE(offset, mask, name)                                                                    \
	{                                                                                          \
		offset, offset, mask, offsetof(struct e1000_registers, name)                       \
	}
#define ARRAY(offset, mask, name)                                                                  \
	{                                                                                          \
		offset, (offset) + (u32)sizeof(((struct e1000_registers *)NULL)->name) - 4, mask,  \
			offsetof(struct e1000_registers, name)                                     \
	}

/* RCTL's as a real part's (a driver's self test looks). */
#define RCTL_WRITABLE 0x06dfb3feu
#define ADDRESS_HIGH  0x8003ffffu

/* By rising offset. */
static const struct stored table[] = {
	ONE(E1000_CTRL_EXT, 0x1ffffff0u, ctrl_ext),
	ONE(E1000_FLA, 0xffffffffu, fla),
	ONE(E1000_MDIC, 0, mdic),
	ONE(E1000_FCAL, 0xffffffffu, fcal),
	ONE(E1000_FCAH, 0xffff, fcah),
	ONE(E1000_FCT, 0xffff, fct),
	ONE(E1000_VET, 0xffff, vet),
	ONE(E1000_ITR, 0xffff, itr),
	ONE(E1000_RCTL, RCTL_WRITABLE, rctl),
	ONE(E1000_FCTTV, 0xffff, fcttv),
	ONE(E1000_TXCW, 0xc000ffffu, txcw),
	ONE(E1000_TCTL, 0x037ffffau, tctl),
	ONE(E1000_TIPG, 0x3fffffff, tipg),
	ONE(E1000_TBT, 0xffffffffu, tbt),
	ONE(E1000_AIT, 0xffff, ait),
	ONE(E1000_LEDCTL, 0xcfcfcfcfu, ledctl),
	ONE(E1000_PBA, 0xffff, pba),
	ONE(E1000_FCRTL, 0x8000fff8u, fcrtl),
	ONE(E1000_FCRTH, 0x0000fff8u, fcrth),
	ONE(E1000_RDFH, 0x1fff, rdf[0]),
	ONE(E1000_RDFT, 0x1fff, rdf[1]),
	ONE(E1000_RDFHS, 0x1fff, rdf[2]),
	ONE(E1000_RDFTS, 0x1fff, rdf[3]),
	ONE(E1000_RDFPC, 0x1fff, rdf[4]),
	ONE(E1000_RDBAL, 0xfffffff0u, rdbal),
	ONE(E1000_RDBAH, 0xffffffffu, rdbah),
	ONE(E1000_RDLEN, 0x000fff80, rdlen),
	ONE(E1000_RDH, 0xffff, rdh),
	ONE(E1000_RDT, 0xffff, rdt),
	ONE(E1000_RDTR, 0xffff, rdtr),
	ONE(E1000_RXDCTL, 0x013f3f3f, rxdctl),
	ONE(E1000_RADV, 0xffff, radv),
	ONE(E1000_RSRPD, 0xfff, rsrpd),
	ONE(E1000_TXDMAC, 1, txdmac),
	ONE(E1000_TDFH, 0x1fff, tdf[0]),
	ONE(E1000_TDFT, 0x1fff, tdf[1]),
	ONE(E1000_TDFHS, 0x1fff, tdf[2]),
	ONE(E1000_TDFTS, 0x1fff, tdf[3]),
	ONE(E1000_TDFPC, 0x1fff, tdf[4]),
	ONE(E1000_TDBAL, 0xfffffff0u, tdbal),
	ONE(E1000_TDBAH, 0xffffffffu, tdbah),
	ONE(E1000_TDLEN, 0x000fff80, tdlen),
	ONE(E1000_TDH, 0xffff, tdh),
	ONE(E1000_TDT, 0xffff, tdt),
	ONE(E1000_TIDV, 0xffff, tidv),
	ONE(E1000_TXDCTL, 0xff3f3f3fu, txdctl),
	ONE(E1000_TADV, 0xffff, tadv),
	ONE(E1000_TSPMT, 0xffffffffu, tspmt),
	ONE(E1000_RXCSUM, 0x7ff, rxcsum),
	ARRAY(E1000_MTA, 0xffffffffu, mta),
	ARRAY(E1000_RA, 0xffffffffu, ra),
	ARRAY(E1000_VFTA, 0xffffffffu, vfta),
	ONE(E1000_WUC, 0xf, wuc),
	ONE(E1000_WUFC, 0x000f00ffu, wufc),
	ONE(E1000_WUS, 0x000f00ffu, wus),
	ONE(E1000_MANC, 0xffffffffu, manc),
	ONE(E1000_IPAV, 0x0001000fu, ipav),
	ARRAY(E1000_IP4AT, 0xffffffffu, ip4at),
	ARRAY(E1000_IP6AT, 0xffffffffu, ip6at),
	ARRAY(E1000_WUPM, 0xffffffffu, wupm),
	ARRAY(E1000_FFLT, 0xffff, fflt),
	ARRAY(E1000_FFMT, 0xf, ffmt),
	ARRAY(E1000_FFVT, 0xffffffffu, ffvt),
};

/* Where the 82542 had them (table 13-2): the later parts answer there too. */
static const struct {
	u16 first, last, now;
} aliases[] = {
	{0x0040, 0x00bc, E1000_RA	 },
	       {0x0108, 0x0108, E1000_RDTR },
	     {0x0110, 0x0118, E1000_RDBAL},
	{0x0120, 0x0120, E1000_RDH  },
	       {0x0128, 0x0128, E1000_RDT	 },
	     {0x0160, 0x0160, E1000_FCRTH},
	{0x0168, 0x0168, E1000_FCRTL},
	       {0x0200, 0x03fc, E1000_MTA	 },
	     {0x0420, 0x0428, E1000_TDBAL},
	{0x0430, 0x0430, E1000_TDH  },
	       {0x0438, 0x0438, E1000_TDT	 },
	     {0x0440, 0x0440, E1000_TIDV },
	{0x0600, 0x07fc, E1000_VFTA },
};

static u32
unalias(u32 offset)
{
	if (offset >= 0x0800)
		return offset;
	for (unsigned i = 0; i < ARRAY_SIZE(aliases); i++) {
		if (offset >= aliases[i].first && offset <= aliases[i].last)
			return offset - aliases[i].first + aliases[i].now;
	}
	return offset;
}

/* The register's word, and which bits can be written; NULL: there is none. */
static u32 *
find(struct e1000 *e, u32 offset, u32 *writable)
{
	for (unsigned i = 0; i < ARRAY_SIZE(table) && table[i].first <= offset; i++) {
		const struct stored *s = &table[i];

		if (offset > s->last)
			continue;
		*writable = s->writable;
		if (s->first == E1000_RA && offset % 8 != 0)
			*writable = ADDRESS_HIGH;
		return (u32 *)(void *)((char *)&e->state.regs + s->field) + (offset - s->first) / 4;
	}
	return NULL;
}

u32
e1000_reg_read(struct e1000 *e, u32 offset)
{
	struct e1000_registers *r = &e->state.regs;
	const u32 *word;
	u32 writable;

	switch (offset) {
	case E1000_ICR: return e1000_irq_read(e);
	case E1000_STATUS: return e1000_status(e);
	case E1000_CTRL:
	case E1000_CTRL + 4: return r->ctrl;
	case E1000_ICS: return r->icr; /* without an effect */
	case E1000_IMS: return r->ims;
	case E1000_EECD: return e1000_eeprom_pins(&e->eeprom);
	case E1000_EERD: return r->eerd;
	case E1000_PBA: return r->pba | (64 - MIN(r->pba, 64u)) << 16;
	default: break;
	}
	if (offset >= E1000_STATISTICS && offset < E1000_STATISTICS_END)
		return e1000_statistic_read(e, offset);
	word = find(e, unalias(offset), &writable);
	return word != NULL ? *word : 0;
}

static void
write_ctrl(struct e1000 *e, u32 value)
{
	u32 changed = e->state.regs.ctrl ^ value;

	if (value & E1000_CTRL_RST) {
		e1000_reset_device(e);
		return;
	}
	e->state.regs.ctrl = value & ~(E1000_CTRL_RST | E1000_CTRL_PHY_RST);
	if (value & E1000_CTRL_PHY_RST)
		e1000_phy_reset(e);
	if (e->state.link && (value & E1000_CTRL_PHY_RST || changed & value & E1000_CTRL_SLU))
		e1000_irq_raise(e, E1000_INT_LSC);
}

/* What a register's new value brings about, once it is stored. */
static void
written(struct e1000 *e, u32 offset, u32 changed, u32 value)
{
	switch (offset) {
	case E1000_RDT: break;
	case E1000_TDT: e1000_tx_work(e); break;
	case E1000_TCTL:
		if (changed & ~value & E1000_TCTL_EN)
			e1000_tx_stop(e);
		e1000_tx_work(e);
		break;
	case E1000_TDBAL:
	case E1000_TDBAH:
	case E1000_TDLEN:
	case E1000_TDH:
		if (changed != 0)
			e1000_tx_void(e);
		e1000_tx_work(e);
		break;
	case E1000_RDTR:
	case E1000_TIDV:
		if (value & E1000_RDTR_FPD)
			e1000_irq_flush(e, offset == E1000_RDTR);
		break;
	case E1000_ITR: e1000_irq_update(e); break;
	default: break;
	}
}

static void
write_stored(struct e1000 *e, u32 offset, u32 value)
{
	u32 writable, old, *word = find(e, offset, &writable);

	if (word == NULL)
		return;
	old = *word;
	*word = (old & ~writable) | (value & writable);
	written(e, offset, old ^ *word, value);
}

void
e1000_reg_write(struct e1000 *e, u32 offset, u32 value)
{
	struct e1000_registers *r = &e->state.regs;

	switch (offset) {
	case E1000_TDT:
		r->tdt = value & 0xffff;
		e1000_tx_work(e);
		return;
	case E1000_RDT: r->rdt = value & 0xffff; return;
	case E1000_ICR:
		r->icr &= ~value;
		e1000_irq_update(e);
		return;
	case E1000_ICS: e1000_irq_raise(e, value & E1000_INT_ALL); return;
	case E1000_IMS: e1000_irq_unmask(e, value & E1000_INT_ALL); return;
	case E1000_IMC:
		r->ims &= ~value;
		e1000_irq_update(e);
		return;
	case E1000_CTRL:
	case E1000_CTRL + 4: write_ctrl(e, value); return;
	case E1000_EECD: e1000_eeprom_set_pins(&e->eeprom, value); return;
	case E1000_EERD: r->eerd = e1000_eeprom_read(&e->eeprom, value); return;
	case E1000_MDIC: e1000_phy_mdic(e, value); return;
	default: break;
	}
	write_stored(e, unalias(offset), value);
}

/* Values after a reset, where they are not 0. The station address comes from the EEPROM (5.6.1). */
void
e1000_regs_reset(struct e1000 *e)
{
	struct e1000_registers *r = &e->state.regs;
	const u16 *mac = e->eeprom.words;

	*r = (struct e1000_registers){
		.ctrl = (u32)(E1000_CTRL_FD | E1000_CTRL_SLU | FIELD_PREP(E1000_CTRL_SPEED, 2)),
		.mdic = E1000_MDIC_READY,
		.vet = 0x8100,
		.tipg = 0x00602008,
		.ledctl = 0x07068302,
		.pba = 48,
		.rxdctl = 0x00010000,
	};
	r->ra[0] = mac[0] | (u32)mac[1] << 16;
	r->ra[1] = mac[2] | E1000_RAH_AV;
}
