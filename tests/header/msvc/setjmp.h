/* SPDX-License-Identifier: MIT */
/* As stdlib.h beside it. */
typedef long long jmp_buf[32];

int setjmp(jmp_buf place);
__declspec(noreturn) void longjmp(jmp_buf place, int value);
