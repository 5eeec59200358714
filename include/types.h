/* SPDX-License-Identifier: MIT */
/*
 * The basic types of the whole hypervisor.
 *
 * An address carries in its type the space that it belongs to: a guest-physical address cannot be
 * passed where a host-physical one is wanted. A conversion between spaces is always a named
 * function (hpa_to_ptr(), a page-table walk), never a cast.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

typedef struct {
	u64 v;
} hpa_t; /* host physical */
typedef struct {
	u64 v;
} gpa_t; /* guest physical */
typedef struct {
	u64 v;
} iova_t; /* what a device puts on the bus */
typedef struct {
	u64 v;
} gva_t; /* guest virtual */

#define HPA(x)				((hpa_t){(x)})
#define GPA(x)				((gpa_t){(x)})
#define IOVA(x)				((iova_t){(x)})
#define GVA(x)				((gva_t){(x)})

#define KiB				1024ul
#define MiB				(1024ul * KiB)
#define GiB				(1024ul * MiB)

#define PAGE_SHIFT			12
#define PAGE_SIZE			(1ul << PAGE_SHIFT)
#define PAGE_MASK			(~(PAGE_SIZE - 1))

#define ARRAY_SIZE(a)			(sizeof(a) / sizeof((a)[0]))
#define MIN(a, b)			((a) < (b) ? (a) : (b))
#define MAX(a, b)			((a) > (b) ? (a) : (b))

/* align is a power of two; ALIGN_UP wraps to 0 at the end of the address space: check before. */
#define ALIGN_DOWN(x, align)		((x) & ~((__typeof__(x))(align)-1))
#define ALIGN_UP(x, align)		ALIGN_DOWN((x) + ((__typeof__(x))(align)-1), align)
#define IS_ALIGNED(x, align)		(((x) & ((__typeof__(x))(align)-1)) == 0)

#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

#define __noinline			__attribute__((noinline))
#define __must_check			__attribute__((warn_unused_result))
#define __noreturn			__attribute__((noreturn))
#define __packed			__attribute__((packed))
#define __aligned(n)			__attribute__((aligned(n)))
#define __section(s)			__attribute__((section(s)))
#define __printf_like(f, a)		__attribute__((format(printf, f, a)))
#define __unused			__attribute__((unused))

/* One read or write of a variable that other CPUs, interrupts or devices change. */
#define READ_ONCE(x)			(*(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v)		(*(volatile __typeof__(x) *)&(x) = (v))
