/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a line could have had in the place of what is wrong in it, for the
 * message about it: "a, b, c", as much of it as there is room for.  LIST has
 * TEXT_HINT_LEN bytes. */
#ifndef XENREEL_TEXT_HINT_H
#define XENREEL_TEXT_HINT_H

#include <stdbool.h>
#include <stdint.h>

#include "harness/op.h"

#define TEXT_HINT_LEN   340

/* The operations of NAME's family, or else the families. */
const char *text_hint_ops(char *list, const char *name);

/* The fields of DESC that exist in GROUPS; the registers, or the others. */
const char *text_hint_fields(char *list, const struct hv_opdesc *desc,
                             uint64_t groups, bool registers);

/* The names of F's values; empty when it has none. */
const char *text_hint_values(char *list, const struct hv_field *f);

#endif
