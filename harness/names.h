/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Name tables of Xen's constants, for printing and parsing. */
#ifndef XENREEL_NAMES_H
#define XENREEL_NAMES_H

#include "harness/field.h"

extern const struct hv_name names_access[];     /* XENMEM_access_* */
extern const struct hv_name names_reason[];     /* VM_EVENT_REASON_* */
extern const struct hv_name names_event_flags[];/* VM_EVENT_FLAG_* */
extern const struct hv_name names_violation[];  /* MEM_ACCESS_* */
extern const struct hv_name names_ctrlreg[];    /* VM_EVENT_X86_* */
extern const struct hv_name names_desc[];       /* VM_EVENT_DESC_* */
extern const struct hv_name names_altp2m[];     /* XEN_ALTP2M_* */
extern const struct hv_name names_vendor[];
extern const struct hv_name names_guest_type[];
extern const struct hv_name names_rmw[];
extern const struct hv_name names_quirks[];     /* QUIRK_* */
extern const struct hv_name names_phase[];      /* enum client_phase */
extern const struct hv_name names_create[];     /* enum args_create_options */
extern const struct hv_name names_pv_flags[];   /* enum args_pv_flags */
extern const struct hv_name names_mmuext[];     /* MMUEXT_* */
extern const struct hv_name names_page_type[];  /* XEN_DOMCTL_PFINFO_* */
extern const struct hv_name names_pv_type[];    /* PGT_* */

#endif
