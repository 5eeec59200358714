/* SPDX-License-Identifier: MIT */
/*
 * An encoder of the little AML that a description of hardware needs (ACPI 6.4, chapter 20): named
 * objects, devices, packages, resource templates (6.4), and methods that choose between what is
 * there. Pure. A piece that holds others is opened by an aml_begin_*(), whose answer closes it by
 * aml_end() or aml_end_resources().
 */
#pragma once

#include "dev/blob.h"

/* NameOp: the object that is put next has this name, of four characters. */
void aml_name(struct blob *b, const char *name);

void aml_integer(struct blob *b, u64 value);
void aml_string(struct blob *b, const char *text);
void aml_eisa_id(struct blob *b, const char *id); /* as in "PNP0A08" */

__must_check size_t aml_begin_scope(struct blob *b, const char *name); /* of the root */
__must_check size_t aml_begin_device(struct blob *b, const char *name);
__must_check size_t aml_begin_package(struct blob *b, u8 elements);
void aml_end(struct blob *b, size_t begin);

__must_check size_t aml_begin_method(struct blob *b, const char *name, u8 arguments);
__must_check size_t aml_begin_if(struct blob *b, const char *name); /* it is not 0 */
void aml_store_argument(struct blob *b, const char *name);	    /* the first one */
void aml_return(struct blob *b, const char *name);

/* A buffer of resource descriptors. */
__must_check size_t aml_begin_resources(struct blob *b);
void aml_end_resources(struct blob *b, size_t begin);

void aml_io(struct blob *b, u16 port, u8 count);
void aml_irq(struct blob *b, unsigned irq); /* of the ISA bus: edge, active high */
void aml_memory(struct blob *b, u32 base, u32 size);

/* What a bus hands on to its devices: from `first` to `last`, both included. */
void aml_bus_window(struct blob *b, u16 first, u16 last);
void aml_io_window(struct blob *b, u16 first, u16 last);
void aml_memory_window(struct blob *b, u64 first, u64 last);
