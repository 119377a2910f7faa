/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A guest to be recorded: a PVH kernel that makes every event there is a rule
 * for (docs/RECORDING.md), again and again.  It counts its rounds in the page
 * at 2 MiB, writes into the 64 pages from 3 MiB on, and executes the 16 from
 * 4 MiB on; between rounds it pauses, since there is one CPU for all: as often
 * as the page behind the rounds says.
 */
    .section .note.Xen, "a", @note
    .long 4, 4, 18                      /* XEN_ELFNOTE_PHYS32_ENTRY */
    .asciz "Xen"
    .long _start

    .set HYPERVISOR_HVM_OP, 34
    .set HVMOP_GUEST_REQUEST, 24
    .set ROUNDS, 0x200000
    .set DATA, 0x300000
    .set CODE, 0x400000
    .set PAUSES, 0x201000
    .set SYSENTER_CS, 0x174
    .set CR4_TSD, 4

    .text
    .globl _start
_start:
    mov $stack, %esp
    lgdt gdt_register
    ljmp $8, $1f
1:  mov $16, %eax
    mov %eax, %ds
    mov %eax, %es
    mov %eax, %ss
    mov $handler, %eax
    mov %ax, idt + 1 * 8                /* ICEBP's gate */
    mov %ax, idt + 3 * 8                /* and INT3's */
    movw $8, idt + 1 * 8 + 2
    movw $8, idt + 3 * 8 + 2
    mov $0x8e00, %ax
    mov %eax, idt + 1 * 8 + 4
    mov %eax, idt + 3 * 8 + 4
    lidt idt_register
    mov $CODE, %edi                     /* ret, in each page */
2:  movb $0xc3, (%edi)
    add $0x1000, %edi
    cmp $CODE + 0x10000, %edi
    jb 2b
    xor %ebp, %ebp
    movl $300000, PAUSES

round:
    inc %ebp
    mov %ebp, ROUNDS
    mov %ebp, %eax
    and $63, %eax
    shl $12, %eax
    mov %ebp, DATA(%eax)
    and $15 << 12, %eax
    add $CODE, %eax
    call *%eax
    mov $1, %eax
    xor %ecx, %ecx
    cpuid
    mov %ebp, %eax
    and $1, %eax
    shl $12, %eax
    mov %eax, %cr3
    mov %cr4, %eax
    xor $CR4_TSD, %eax
    mov %eax, %cr4
    mov $SYSENTER_CS, %ecx
    mov %ebp, %eax
    xor %edx, %edx
    wrmsr
    sgdt scratch
    int3
#ifndef AMD
    .byte 0xf1                          /* ICEBP: the end of a guest in QEMU */
#endif
    mov $HYPERVISOR_HVM_OP, %eax
    mov $HVMOP_GUEST_REQUEST, %ebx
    xor %ecx, %ecx
#ifdef AMD
    vmmcall
#else
    vmcall
#endif
    mov PAUSES, %ecx
3:  pause
    dec %ecx
    jnz 3b
    jmp round

handler:
    iret

    .balign 8
gdt:
    .quad 0, 0x00cf9b000000ffff, 0x00cf93000000ffff
gdt_register:
    .word 23
    .long gdt
idt_register:
    .word 31
    .long idt
    .balign 8
idt:
    .skip 32

    .bss
    .balign 16
scratch:
    .skip 16
    .skip 1008
stack:
