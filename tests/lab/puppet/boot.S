/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The puppet's first instructions, and its exceptions.  It is started as a
 * PVH guest is (Xen's docs/misc/pvh.pandoc): 32 bits, flat, no paging. */
#include "real/puppet_abi.h"

#define CR0_VALUE       0x80010033      /* PG WP NE ET MP PE */
#define CR4_VALUE       0x620           /* OSXMMEXCPT OSFXSR PAE */
#define MSR_EFER        0xc0000080
#define MSR_TPR         0x808           /* x2APIC's */
#define MSR_EOI         0x80b
#define EFER_VALUE      0x900           /* NXE LME */

        .section .note.pvh, "a", @note
        .balign 4
        .long   4, 8, 18                /* XEN_ELFNOTE_PHYS32_ENTRY */
        .asciz  "Xen"
        .quad   start

        .text
        .code32
        .globl  start
start:
        cld
        mov     $stacks + PUPPET_STACK, %esp
        mov     $CR4_VALUE, %eax
        mov     %eax, %cr4
        mov     $root, %eax
        mov     %eax, %cr3
        mov     $MSR_EFER, %ecx
        rdmsr
        or      $EFER_VALUE, %eax
        wrmsr
        mov     $CR0_VALUE, %eax
        mov     %eax, %cr0
        lgdt    gdt_register
        ljmp    $PUPPET_CS, $start64

        .code64
start64:
        call    segments
        call    boot
        jmp     park

/* Another vCPU: its rsp is its own, rdi its number. */
        .globl  start_other
start_other:
        lgdt    gdt_register
        push    $PUPPET_CS
        push    $1f
        lretq
1:      call    segments
        call    boot_other

/* Where a vCPU waits for the driver: it sets the registers, and ends the
 * HLT.  With interrupts disabled Xen would take the vCPU down. */
park:   sti
        hlt
        jmp     park

segments:
        mov     $PUPPET_DS, %eax
        mov     %eax, %ds
        mov     %eax, %es
        mov     %eax, %ss
        xor     %eax, %eax
        mov     %eax, %fs
        mov     %eax, %gs
        ret

/* Forget translations, touch what the delivery of an exception does (a view
 * gets its pages when they are touched; a software exception that this
 * interrupts is executed again), and take the interrupts that ended HLTs: the
 * priority held them back. */
        .globl  flush
flush:
        mov     %cr3, %rax
        mov     %rax, %cr3
        lock orl $0, (%rsp)
        mov     idt, %rax
        mov     gdt, %rax
        mov     tss, %rax
        mov     tss + 104 * PUPPET_VCPUS - 8, %rax
        cmpl    $0, PUPPET_BASE + PUPPET_LAPIC
        je      park
        mov     $MSR_TPR, %ecx
        xor     %edx, %edx
        xor     %eax, %eax
        wrmsr
        nop
        mov     $PUPPET_TPR, %eax
        wrmsr
        jmp     park

        .globl  interrupt
interrupt:
        push    %rax
        push    %rcx
        push    %rdx
        mov     $MSR_EOI, %ecx
        xor     %edx, %edx
        xor     %eax, %eax
        wrmsr
        pop     %rdx
        pop     %rcx
        pop     %rax
        iretq

/* Vector N's handler is at exceptions + 16 * N.  An NMI may be how the driver
 * ends a HLT; all else is written down, and the driver goes on from there. */
        .globl  exceptions
        .balign 16
exceptions:
        .set    vector, 0
        .rept   32
        .balign 16
        .if     vector == 2
        iretq
        .else
        .if     !((1 << vector) & 0x60227d00)   /* no error code */
        push    $0
        .endif
        push    $vector
        jmp     exception
        .endif
        .set    vector, vector + 1
        .endr

/* vector, error code, rip, cs, rflags, rsp, ss */
exception:
        push    %rax
        push    %rcx
        mov     %rsp, %rax
        sub     $stacks, %rax
        xor     %ecx, %ecx
1:      sub     $PUPPET_STACK, %rax     /* whose stack it is */
        jl      2f
        inc     %ecx
        jmp     1b
2:      shl     $PUPPET_FAULT_SHIFT, %ecx
        lea     PUPPET_BASE + PUPPET_FAULT(%rcx), %rcx
        mov     16(%rsp), %rax
        mov     %rax, 8(%rcx)
        mov     24(%rsp), %rax
        mov     %rax, 16(%rcx)
        mov     32(%rsp), %rax
        mov     %rax, 24(%rcx)
        incq    (%rcx)
        pop     %rcx
        pop     %rax
        jmp     park

        .data
        .balign 16
        .globl  gdt, gdt_register
gdt:    .quad   0
        .quad   0x00af9b000000ffff      /* PUPPET_CS: code, 64 bits */
        .quad   0x00cf93000000ffff      /* PUPPET_DS */
        .fill   2 * PUPPET_VCPUS, 8, 0  /* PUPPET_TSS: main.c */
gdt_end:
gdt_register:
        .word   gdt_end - gdt - 1
        .quad   gdt

/* 4 GiB of linear addresses, each its physical one, by pages of 2 MiB;
 * accessed and dirty, so that the hardware has nothing to write.  Only our
 * own is for code: the driver opens the pages where it puts some. */
        .balign 4096
        .globl  root
root:   .quad   third + 0x23
        .fill   511, 8, 0
third:  .quad   second + 0x23, second + 0x1023
        .quad   second + 0x2023, second + 0x3023
        .fill   508, 8, 0
second:
        .set    page, 0
        .rept   2048
        .if     page <= PUPPET_BASE && page + 0x200000 > PUPPET_BASE
        .quad   page + 0xe3
        .else
        .quad   page + 0xe3 + (1 << 63)
        .endif
        .set    page, page + 0x200000
        .endr

        .bss
        .balign 4096
        .globl  stacks, scratch, pool
pool:   .skip   PUPPET_POOL * 4096
stacks: .skip   PUPPET_VCPUS * PUPPET_STACK
scratch:
        .skip   PUPPET_VCPUS * PUPPET_SCRATCH

        .section .note.GNU-stack, "", @progbits
