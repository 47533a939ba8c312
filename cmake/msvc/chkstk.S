/* SPDX-License-Identifier: MIT */
/* A function with more than a page of variables calls this first, with their size in rax: Windows gives a thread its stack a
 * page at a time, each once the page before it was touched. All registers stay. */
    .text
    .globl __chkstk
__chkstk:
    push %rcx
    push %rax
    lea 24(%rsp), %rcx      /* the stack pointer of the caller */
page:
    cmp $4096, %rax
    jb rest
    sub $4096, %rcx
    orb $0, (%rcx)
    sub $4096, %rax
    jmp page
rest:
    sub %rax, %rcx
    orb $0, (%rcx)
    pop %rax
    pop %rcx
    ret
