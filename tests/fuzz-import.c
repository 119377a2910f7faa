/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fuzz target: the bytes as a log of a real Xen, and the replay of what the
 * importer makes of it. */
#include <errno.h>

#include "tests/fuzz.h"
#include "traces/import_oracle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_list *l = fuzz_list();
    struct trace_error err = { "" };
    char name[64];
    int fd = fuzz_file(data, size, name);
    int rc = import_oracle(name, &l->sink, &err);

    if (rc == -EINVAL && !err.text[0])
        abort();
    fuzz_replay(l);
    fuzz_list_free(l);
    close(fd);
    return 0;
}
