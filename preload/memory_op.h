/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The memory_ops that have a file of their own, physmap_op.c.  START is how
 * many extents are done already. */
#ifndef XENREEL_PRELOAD_MEMORY_OP_H
#define XENREEL_PRELOAD_MEMORY_OP_H

#include <stdbool.h>
#include <stdint.h>

#define MAX_EXTENT_ORDER    18  /* xen/common/memory.c:max_order of dom0 */

/* propagate_node: may memory with FLAGS be asked for? */
bool memory_node_is_valid(uint32_t flags);
/* rcu_lock_domain_by_any_id: the domain that a client names DOM, or -ESRCH. */
int memory_domain(uint32_t dom, uint32_t *id);

long memory_add(uint64_t start, uint64_t arg);
long memory_add_batch(uint64_t start, uint64_t arg);
long memory_remove(uint64_t arg);
long memory_exchange(uint64_t arg);

#endif
