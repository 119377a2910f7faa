/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness/cli/cli.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

int cmd_recover(int argc, char **argv)
{
    static const struct argp argp = {
        NULL, cli_parse_files, "TRACE[.partial]",
        "Seal what a recorder that crashed left behind: all that it had "
        "committed becomes the trace.  A sealed trace is left alone.\v"
        CLI_EXIT_DOC, NULL, NULL, NULL
    };
    struct cli_files files = { .what = "trace" };
    struct trace_error err = { "" };
    uint64_t records = 0;
    size_t len;
    int rc;

    argp_parse(&argp, argc, argv, 0, NULL, &files);
    rc = trace_recover(files.in, &records, &err);
    if (rc == -EALREADY) {
        printf("%s: sealed already, nothing to do\n", files.in);
        return CLI_OK;
    }
    if (rc)
        return cli_fail_trace(files.in, rc, &err);
    len = strlen(files.in);
    if (len > 8 && !strcmp(files.in + len - 8, ".partial"))
        len -= 8;               /* it has its final name now */
    printf("%.*s: sealed with %" PRIu64 " records\n", (int)len, files.in,
           records);
    return CLI_OK;
}
