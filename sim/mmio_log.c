/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What Xen's log says about devices' pages. */
#include "sim/mmio.h"

#include <errno.h>
#include <string.h>

struct line {
    char *text;
    uint32_t len;
};

static void add_char(struct line *line, char c)
{
    if (line->len < LOG_WIDTH)
        line->text[line->len++] = c;
}

static void add_number(struct line *line, uint64_t value, unsigned int base,
                       unsigned int width)
{
    char digits[20];
    unsigned int n = 0;

    do {
        digits[n++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value || n < width);
    while (n)
        add_char(line, digits[--n]);
}

static void add_hex(struct line *line, uint64_t value, unsigned int width)
{
    add_char(line, '0');
    add_char(line, 'x');
    add_number(line, value, 16, width);
}

static void start(struct line *line, const struct sim_vcpu *v)
{
    line->len = 0;
    add_char(line, 'd');
    add_number(line, v->d->id, 10, 1);
    add_char(line, 'v');
    add_number(line, v->id, 10, 1);
    add_char(line, ' ');
}

void mmio_log(const struct sim_vcpu *v, const char *format, uint64_t address,
              uint32_t len)
{
    struct mmio *m = v->d->sim->mmio;
    struct line line;
    uint32_t at;

    if (m->log_count == LOG_LINES) {
        m->log_first = (m->log_first + 1) % LOG_LINES;
        m->log_count--;
    }
    at = (m->log_first + m->log_count++) % LOG_LINES;
    line.text = m->log[at];
    start(&line, v);
    for (; *format; format++) {
        if (*format == '@')
            add_hex(&line, address, 8);
        else if (*format == '#')
            add_hex(&line, address, 1);
        else if (*format == '%')
            add_number(&line, len, 10, 1);
        else
            add_char(&line, *format);
    }
    m->log_len[at] = line.len;
}

int sim_op_MMIO_LOG(struct sim *sim, struct args_mmio_log *a)
{
    struct mmio *m = sim->mmio;

    a->text = (struct hv_span){ 0 };
    if (!m || !m->log_count)
        return -ENOENT;
    a->text.p = m->log[m->log_first];
    a->text.len = m->log_len[m->log_first];
    m->log_first = (m->log_first + 1) % LOG_LINES;
    m->log_count--;
    return 0;
}
