/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A data access's bytes, once it is allowed: frames, memory, devices. */
#include "sim/mmio.h"

#include <string.h>

uint64_t data_gpa(const struct args_guest_mem *a, uint32_t offset)
{
    uint64_t first = PAGE_SIZE - (a->gpa & (PAGE_SIZE - 1));

    if (offset < first || !a->gpa2)
        return a->gpa + offset;
    return a->gpa2 + (offset - first);
}

bool data_crosses(const struct args_guest_mem *a)
{
    return a->len > PAGE_SIZE - (a->gpa & (PAGE_SIZE - 1));
}

void data_frames(const struct p2m *p2m, const struct args_guest_mem *a,
                 uint64_t mfn[2])
{
    uint32_t first = PAGE_SIZE - (a->gpa & (PAGE_SIZE - 1));
    uint8_t access;

    mfn[0] = p2m_lookup(p2m, a->gpa >> PAGE_SHIFT, &access);
    mfn[1] = INVALID_MFN;
    if (a->len > first)
        mfn[1] = p2m_lookup(p2m, data_gpa(a, first) >> PAGE_SHIFT, &access);
}

/* Part of an access: LEN bytes in the page of GPA, whose frame is MFN. */
struct piece {
    uint64_t mfn, gpa;
    uint32_t len;
    bool emulated, write;
};

/* A hole reads as all ones and swallows writes. */
static void move_piece(struct sim_vcpu *v, const struct piece *p,
                       unsigned char *buf)
{
    uint32_t offset = p->gpa & (PAGE_SIZE - 1);
    struct sim *sim = v->d->sim;

    if (frame_is_device(p->mfn)) {
        if (p->emulated)
            mmio_emulated(v, p->mfn, p->gpa, buf, p->len, p->write);
        else
            mmio_access(v, p->mfn, offset, buf, p->len, p->write);
    } else if (p->mfn == INVALID_MFN) {
        if (!p->write)
            memset(buf, 0xff, p->len);
    } else if (p->mfn == M2P_FRAME) {
        pv_read_m2p(sim, p->gpa, buf, p->len);
    } else if (p->write) {
        page_write(sim, p->mfn, offset, buf, p->len);
    } else {
        page_read(sim, p->mfn, offset, buf, p->len);
    }
}

void data_move(struct sim_vcpu *v, const struct args_guest_mem *a,
               const uint64_t mfn[2], const struct data_path *path,
               unsigned char *buf, bool write)
{
    uint32_t first = PAGE_SIZE - (a->gpa & (PAGE_SIZE - 1));
    struct piece p = {
        mfn[0], a->gpa, a->len < first ? a->len : first, path != NULL, write
    };

    move_piece(v, &p, buf);
    if (a->len <= first)
        return;
    p.mfn = mfn[1];
    p.gpa = data_gpa(a, first);
    p.len = a->len - first;
    move_piece(v, &p, buf + first);
}

void data_load(struct sim_vcpu *v, const struct args_guest_mem *a,
               const uint64_t mfn[2], const struct data_path *path,
               unsigned char *buf)
{
    if (path && path->data) {
        /* set_context_data: what is too short is filled with zeros */
        uint32_t n = path->data->size;

        if (n > sizeof(path->data->data))
            n = sizeof(path->data->data);
        if (n > a->len)
            n = a->len;
        memset(buf, 0, a->len);
        memcpy(buf, path->data->data, n);
        return;
    }
    data_move(v, a, mfn, path, buf, false);
}

void data_store(struct sim_vcpu *v, const struct args_guest_mem *a,
                const uint64_t mfn[2], const struct data_path *path,
                unsigned char *buf)
{
    if (!path || !path->nowrite)
        data_move(v, a, mfn, path, buf, true);
}
