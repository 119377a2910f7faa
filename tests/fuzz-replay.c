/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzz target: the bytes as a scenario, run on the model.  What no operation
 * is, is passed over. */
#include "tests/fuzz.h"
#include "traces/text.h"

static void add(struct fuzz_list *l, const char *line)
{
    struct trace_error err;
    struct hv_record rec;

    if (text_parse(line, &rec, &err) != 1)
        return;
    fuzz_put(&l->sink, &rec);
    hv_record_free(&rec);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_list *l = fuzz_list();
    char *text = strndup((const char *)data, size), *line, *more = text;

    while ((line = strsep(&more, "\n")))
        add(l, line);
    fuzz_replay(l);
    fuzz_list_free(l);
    free(text);
    return 0;
}
