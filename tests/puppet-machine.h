/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The puppet in QEMU: its memory is a file, its registers come through the
 * debugger's protocol (GDB manual, appendix E), and "nmi" ends a HLT.  There
 * is no hypervisor in it: hypercalls raise #UD. */
#ifndef XENREEL_PUPPET_MACHINE_H
#define XENREEL_PUPPET_MACHINE_H

#include "real/puppet.h"

struct puppet_machine_run;

/* Boot the puppet of the build folder: 0, -ENOENT without QEMU, -Exxx. */
int puppet_machine_start(struct puppet_machine_run **run);
void puppet_machine_stop(struct puppet_machine_run *run);
struct puppet_env puppet_machine_env(struct puppet_machine_run *run);
/* The guest's memory at GPA. */
void *puppet_machine_memory(struct puppet_machine_run *run, uint64_t gpa);

#endif
