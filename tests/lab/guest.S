/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest to see that all is well: a PVH kernel that writes a word into the
 * page at 3 MiB for ever, with pauses, since there is one CPU for all.
 */
    .section .note.Xen, "a", @note
    .long 4, 4, 18                      /* XEN_ELFNOTE_PHYS32_ENTRY */
    .asciz "Xen"
    .long _start

    .text
    .globl _start
_start:
    movl $1, 0x300000
    movl $2000000, %ecx
1:  pause
    decl %ecx
    jnz 1b
    jmp _start
