/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The PV puppet's first instructions, what its vCPUs do, and its exceptions.
 * It is started as a 64-bit PV guest is (Xen's public/arch-x86/xen.h): in ring
 * 3 with page tables, rsi is the start info's address. */
#include "real/puppet_pv_abi.h"

#define HYPERVISOR_SCHED_OP     29

        .macro  note type
        .balign 4
        .long   4, 2f - 1f, \type
        .asciz  "Xen"
1:
        .endm

        .section .note.xen, "a", @note
        note    1                       /* ENTRY */
        .quad   start
2:      note    3                       /* VIRT_BASE */
        .quad   PUPPET_PV_VIRT
2:      note    4                       /* PADDR_OFFSET */
        .quad   0
2:      note    5                       /* XEN_VERSION */
        .asciz  "xen-3.0"
2:      note    6                       /* GUEST_OS */
        .asciz  "puppet"
2:      .balign 4
        note    8                       /* LOADER */
        .asciz  "generic"
2:      .balign 4

        .text
        .globl  start
start:
        cld
        mov     $slots + PUPPET_PV_PAGE, %rsp
        mov     %rsi, %rdi
        call    boot

/* A vCPU at the end of its own page's stack.  Nothing to do: let others run.
 * The driver pauses the domain when it has what it wants. */
        .globl  serve
serve:
        lea     -PUPPET_PV_PAGE(%rsp), %rbx
1:      mov     PUPPET_PV_ASKED(%rbx), %eax
        cmp     PUPPET_PV_DONE(%rbx), %eax
        jne     2f
        mov     $HYPERVISOR_SCHED_OP, %eax
        xor     %edi, %edi              /* SCHEDOP_yield */
        xor     %esi, %esi
        syscall
        jmp     1b
2:      push    $finish
        lea     PUPPET_PV_CODE(%rbx), %rax
        push    %rax
        movq    $0, PUPPET_PV_FAULT(%rbx)
        mov     PUPPET_PV_REGS(%rbx), %rax
        mov     PUPPET_PV_REGS + 8(%rbx), %rcx
        mov     PUPPET_PV_REGS + 16(%rbx), %rdx
        mov     PUPPET_PV_REGS + 24(%rbx), %rsi
        mov     PUPPET_PV_REGS + 32(%rbx), %rdi
        mov     PUPPET_PV_REGS + 40(%rbx), %r8
        mov     PUPPET_PV_REGS + 48(%rbx), %r10
        ret                             /* to the code, and from it to: */
finish:
        mov     %rax, PUPPET_PV_REGS(%rbx)
        mov     %rcx, PUPPET_PV_REGS + 8(%rbx)
        mov     %rdx, PUPPET_PV_REGS + 16(%rbx)
        mov     %rsi, PUPPET_PV_REGS + 24(%rbx)
        mov     %rdi, PUPPET_PV_REGS + 32(%rbx)
done:   lea     PUPPET_PV_PAGE(%rbx), %rsp
        mov     PUPPET_PV_ASKED(%rbx), %eax
        mov     %eax, PUPPET_PV_DONE(%rbx)
        jmp     1b

/* Vector N's handler is at exceptions + 16 * N.  Xen pushes rcx and r11, an
 * error code where the vector has one, and what IRET takes.  The instruction
 * is over. */
        .globl  exceptions
        .balign 16
exceptions:
        .set    vector, 0
        .rept   32
        .balign 16
        .if     (1 << vector) & 0x60227d00
        mov     16(%rsp), %eax          /* the error code */
        .else
        xor     %eax, %eax
        .endif
        mov     $0x8000 + vector, %ecx
        jmp     exception
        .set    vector, vector + 1
        .endr

/* rbx is serve's: no code of the driver's changes it. */
exception:
        shl     $16, %ecx
        movzwl  %ax, %eax
        or      %ecx, %eax
        mov     %rax, PUPPET_PV_FAULT(%rbx)
        jmp     done

        .bss
        .balign PUPPET_PV_PAGE
        .globl  slots
slots:  .skip   PUPPET_PV_VCPUS * PUPPET_PV_PAGE

        .section .note.GNU-stack, "", @progbits
