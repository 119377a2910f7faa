/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The rows of which op_fields.c and pv_fields.c make their tables. */
#ifndef XENREEL_FIELD_ROWS_H
#define XENREEL_FIELD_ROWS_H

/* T is the structure whose tables follow. */
#define ROW(text, member, how, role, opt, names) \
    { text, offsetof(struct T, member), sizeof(((struct T *)0)->member), \
      HV_##how, role, opt, names, 0 }
#define IN_AS(text, m, how)     ROW(text, m, how, HV_IN, 0, NULL)
#define OUT_AS(text, m, how)    ROW(text, m, how, HV_OUT, 1, NULL)
#define MUST_AS(text, m, how)   ROW(text, m, how, HV_OUT, 0, NULL)
#define OBS_AS(text, m, how)    ROW(text, m, how, HV_OBS, 0, NULL)
#define IN(m, how)              IN_AS(#m, m, how)
#define OUT(m, how)             OUT_AS(#m, m, how)
#define MUST(m, how)            MUST_AS(#m, m, how)
#define OBS(m, how)             OBS_AS(#m, m, how)
#define SEEN(m, how)            ROW(#m, m, how, HV_OBS, 1, NULL)
#define IN_OF(m, how, names)    ROW(#m, m, how, HV_IN, 0, names)
#define OUT_OF(m, how, names)   ROW(#m, m, how, HV_OUT, 1, names)
#define END                     { NULL, 0, 0, 0, 0, 0, NULL, 0 }

/* What many operations begin or end with. */
#define DOM     IN(dom, DEC)
#define VCPU    DOM, IN(vcpu, DEC)
#define INSN    VCPU, IN(rip, HEX)
#define DATA    IN(gla, HEX), IN(gpa, HEX), IN(gpa2, HEX), IN(len, DEC)
#define BEHIND  IN(next, HEX), IN(quiet, DEC), IN(unknown, DEC)
#define OLD     IN(has_old, DEC), IN(old, HEX)

#endif
