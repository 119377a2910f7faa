/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What xenreel run tells the library it preloads, in the environment. */
#ifndef XENREEL_SETUP_H
#define XENREEL_SETUP_H

/* A text trace: domain.create and other calls that make the machine, then
 * guest.*, the guests' programs.  Without it the library does nothing. */
#define SETUP_FILE      "XENREEL_SETUP"
#define SETUP_SEED      "XENREEL_SEED"
/* How often the programs run, 1 when not said. */
#define SETUP_LOOPS     "XENREEL_LOOPS"
/* What happens then: "signal" (SIGTERM), "shutdown", "wait". */
#define SETUP_AT_END    "XENREEL_AT_END"
/* The abstract socket that takes what is recorded (harness/stream.h). */
#define SETUP_OUTPUT    "XENREEL_OUTPUT"
/* The one that gives a trace to serve: then none of the others count but the
 * last two, which say what the trace's client saw. */
#define SETUP_SERVE     "XENREEL_SERVE"
/* Instead of all those: this library's own path, when it is to record a client
 * on a real Xen; the domains that are there (domain.create and client.domain,
 * as text); and the socket that takes the recording.  They are names of their
 * own, as the devices may be those of another one of these libraries. */
#define SETUP_PASS      "XENREEL_PASS"
#define SETUP_PASS_FILE "XENREEL_PASS_DOMAINS"
#define SETUP_PASS_OUTPUT "XENREEL_PASS_OUTPUT"
/* The domains' names: "1=guest,2=other". */
#define SETUP_NAMES     "XENREEL_NAMES"
/* When it is there: the machine's clocks, not one of the client's own. */
#define SETUP_REAL_TIME "XENREEL_REAL_TIME"
/* The release that the client sees, "4.17": the version files,
 * XENVER_version, and the interface versions that domctls and sysctls have to
 * have. */
#define SETUP_XEN_VERSION "XENREEL_XEN_VERSION"
/* The layout of events, "1" to "7"; the release's when not said. */
#define SETUP_VM_EVENT_ABI "XENREEL_VM_EVENT_ABI"

#endif
