/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The PV puppet's kernel is what a toolstack boots as a 64-bit PV guest: notes
 * as xen/include/public/elfnote.h has them, segments where they are said to
 * be (xen/common/libelf/libelf-dominfo.c:elf_xen_note_check,
 * elf_xen_addr_calc_check). */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <xen/elfnote.h>

#include "real/puppet_pv_abi.h"

#define MAX_SIZE    0x40000
#define MAX_NOTES   16

static unsigned char kernel[MAX_SIZE];
static const Elf64_Ehdr *head = (const Elf64_Ehdr *)kernel;
static const void *note[MAX_NOTES];

static const Elf64_Phdr *segment(unsigned int i)
{
    return (const Elf64_Phdr *)(kernel + head->e_phoff) + i;
}

static void read_notes(const Elf64_Phdr *p)
{
    for (uint64_t at = p->p_offset; at < p->p_offset + p->p_filesz;) {
        const Elf64_Nhdr *n = (const Elf64_Nhdr *)(kernel + at);
        uint64_t name = at + sizeof(*n);
        uint64_t text = name + ((n->n_namesz + 3u) & ~3u);

        assert_string_equal(kernel + name, "Xen");
        assert_true(n->n_type < MAX_NOTES);
        note[n->n_type] = kernel + text;
        at = text + ((n->n_descsz + 3u) & ~3u);
    }
}

static int load(void **state)
{
    const char *top = getenv("top_builddir");
    char path[512];
    FILE *in;

    (void)state;
    snprintf(path, sizeof(path), "%s/tests/lab/puppet/puppet-pv.elf",
             top ? top : ".");
    in = fopen(path, "rb");
    if (!in || !fread(kernel, 1, sizeof(kernel), in))
        return -1;
    return fclose(in);
}

static uint64_t number(unsigned int type)
{
    uint64_t value;

    assert_non_null(note[type]);
    memcpy(&value, note[type], sizeof(value));
    return value;
}

static void test_notes(void **state)
{
    (void)state;
    assert_memory_equal(head->e_ident, ELFMAG, SELFMAG);
    assert_int_equal(head->e_ident[EI_CLASS], ELFCLASS64);
    for (unsigned int i = 0; i < head->e_phnum; i++) {
        if (segment(i)->p_type == PT_NOTE)
            read_notes(segment(i));
    }
    assert_int_equal(number(XEN_ELFNOTE_ENTRY), head->e_entry);
    assert_int_equal(number(XEN_ELFNOTE_VIRT_BASE), PUPPET_PV_VIRT);
    assert_int_equal(number(XEN_ELFNOTE_PADDR_OFFSET), 0);
    assert_non_null(note[XEN_ELFNOTE_XEN_VERSION]);
    assert_string_equal(note[XEN_ELFNOTE_XEN_VERSION], "xen-3.0");
    assert_non_null(note[XEN_ELFNOTE_LOADER]);
    assert_string_equal(note[XEN_ELFNOTE_LOADER], "generic");
    assert_non_null(note[XEN_ELFNOTE_GUEST_OS]);
}

/* Each segment at its address as memory behind VIRT_BASE, the puppet's page
 * first, and all before what a PV guest of 4 MiB has at its end: lists, start
 * info and tables, with 512 KiB behind them that are mapped
 * (tools/libs/guest/xg_dom_x86.c:alloc_pgtables_pv). */
static void test_segments(void **state)
{
    uint64_t first = ~0ull, end = 0, entry = 0;

    (void)state;
    for (unsigned int i = 0; i < head->e_phnum; i++) {
        const Elf64_Phdr *p = segment(i);

        if (p->p_type != PT_LOAD)
            continue;
        assert_int_equal(p->p_vaddr, PUPPET_PV_VIRT + p->p_paddr);
        assert_int_equal(p->p_paddr % PUPPET_PV_PAGE, 0);
        if (p->p_paddr < first)
            first = p->p_paddr;
        if (p->p_paddr + p->p_memsz > end)
            end = p->p_paddr + p->p_memsz;
        if (p->p_flags & PF_X && head->e_entry - p->p_vaddr < p->p_filesz)
            entry++;
    }
    assert_int_equal(first, PUPPET_PV_PADDR);
    assert_int_equal(entry, 1);
    assert_true(end < PUPPET_PV_MAPPED * PUPPET_PV_PAGE - 0x80000 -
                16 * PUPPET_PV_PAGE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_notes),
        cmocka_unit_test(test_segments),
    };

    return cmocka_run_group_tests(tests, load, NULL);
}
