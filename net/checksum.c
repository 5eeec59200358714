/* SPDX-License-Identifier: MIT */
/*
 * The Internet checksum: see net/checksum.h. One's-complement sums are the same in either byte
 * order but for a swap of the result (RFC 1071, section 2 B), so bytes are added as the CPU loads
 * them, eight at a time, and what carries out of 64 bits comes in again at once.
 */
#include "net/checksum.h"

#include "net/wire.h"

/* Words at any address: one load each on this CPU. */
struct word64 {
	u64 v;
} __packed;

struct word32 {
	u32 v;
} __packed;

struct word16 {
	u16 v;
} __packed;

/* So many of them are added by one chain of carries: most of a frame's bytes. */
struct block {
	struct word64 words[8];
};

/* Of any sum a value of 16 bits that is congruent to it, and 0 only for 0. */
static inline u16
fold(u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	return (u16)(sum + (sum >> 16));
}

/* With the carry that comes out of each word in the next one's; the compilers make three times as
 * many instructions of it. */
static inline u64
add_block(u64 sum, const struct block *block)
{
	__asm__("addq 0(%1), %0\n\t"
		"adcq 8(%1), %0\n\t"
		"adcq 16(%1), %0\n\t"
		"adcq 24(%1), %0\n\t"
		"adcq 32(%1), %0\n\t"
		"adcq 40(%1), %0\n\t"
		"adcq 48(%1), %0\n\t"
		"adcq 56(%1), %0\n\t"
		"adcq $0, %0"
		: "+r"(sum)
		: "r"(block), "m"(*block)
		: "cc");
	return sum;
}

static inline u64
add_word(u64 sum, u64 word)
{
	u64 carry = __builtin_add_overflow(sum, word, &sum) ? 1 : 0;

	return sum + carry;
}

/* The last 0 to 7 bytes, as the first ones of a word that ends with zeros. */
static inline u64
load_tail(const u8 *at, size_t len)
{
	u64 word = 0;
	unsigned shift = 0;

	if (len & 4) {
		word = ((const struct word32 *)at)->v;
		at += 4;
		shift = 32;
	}
	if (len & 2) {
		word |= (u64)((const struct word16 *)at)->v << shift;
		at += 2;
		shift += 16;
	}
	return len & 1 ? word | (u64)*at << shift : word;
}

u64
checksum_add(u64 sum, const void *data, size_t len)
{
	const u8 *at = data;
	u64 own = 0;

	for (; len >= sizeof(struct block); len -= sizeof(struct block), at += sizeof(struct block))
		own = add_block(own, (const struct block *)at);
	for (; len >= sizeof(u64); len -= sizeof(u64), at += sizeof(u64))
		own = add_word(own, ((const struct word64 *)at)->v);
	if (len > 0)
		own = add_word(own, load_tail(at, len));
	own = __builtin_bswap64(
		own); /* its words swapped, and their order, which is all the same */
	return sum + (own & 0xffffffff) + (own >> 32);
}

u16
checksum_fold(u64 sum)
{
	return (u16)~fold(sum);
}

u64
checksum_pseudo_ipv4(const u8 *ip, u8 protocol, u32 len)
{
	u64 sum = (u64)protocol + (len & 0xffff) + (len >> 16);

	return sum + be32_at(ip + IPV4_SOURCE) + be32_at(ip + IPV4_DESTINATION);
}

u64
checksum_pseudo_ipv6(const u8 *ip, u8 protocol, u32 len)
{
	u64 sum = (u64)protocol + (len & 0xffff) + (len >> 16);

	for (unsigned i = 0; i < 8; i++) /* source and destination, one behind the other */
		sum += be32_at(ip + IPV6_SOURCE + 4 * i);
	return sum;
}

u16
checksum_update(u16 checksum, u16 from, u16 to)
{
	return checksum_fold((u64)(u16)~checksum + (u16)~from + to);
}
