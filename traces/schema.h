/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The format of a trace file; docs/TRACE-FORMAT.md explains it. */
#ifndef XENREEL_TRACES_SCHEMA_H
#define XENREEL_TRACES_SCHEMA_H

#define TRACE_APPLICATION_ID    0x58524c31      /* "XRL1" */
#define TRACE_VERSION           1               /* PRAGMA user_version */
#define TRACE_PAGE_SIZE         "4096"

/* A chunk ends after this many records, or when it has this many bytes. */
#define CHUNK_RECORDS   160
#define CHUNK_BYTES     65536
/* No chunk is longer: a last record with the longest of spans. */
#define CHUNK_MAX       (CHUNK_BYTES + TRACE_SPAN_MAX + 4096)

/* chunk.codec */
enum chunk_codec { CODEC_DELTA_ZSTD = 1 };

/* Comments inside the statements stay in the file: .schema shows them. */
#define TRACE_SCHEMA \
    "CREATE TABLE meta (\n" \
    "  -- state: 'recording', or 'sealed' once it is complete; records: how\n" \
    "  -- many, when sealed; backend, xen_version, source, vm_event_abi,\n" \
    "  -- seed: where it was taken; layout: VM_EVENT_INTERFACE_VERSION of\n" \
    "  -- the event structure in chunk.data\n" \
    "  key TEXT PRIMARY KEY,\n" \
    "  value\n" \
    ") WITHOUT ROWID;\n" \
    "CREATE TABLE op (\n" \
    "  -- the operations this file knows; ids differ from file to file\n" \
    "  id INTEGER PRIMARY KEY,\n" \
    "  name TEXT NOT NULL,  -- mem_access.set, event, respond, ...\n" \
    "  kind TEXT NOT NULL,  -- call, guest, event, response or note\n" \
    "  size INTEGER NOT NULL  -- bytes of the argument structure\n" \
    ");\n" \
    "CREATE TABLE record (\n" \
    "  -- what people ask about; NULL where there is no such thing.\n" \
    "  -- 64-bit values are two's complement: ~0 is -1; printf('%x', gla)\n" \
    "  seq INTEGER PRIMARY KEY,  -- 1, 2, ... without gaps\n" \
    "  op INTEGER,  -- op.id\n" \
    "  dom INTEGER,\n" \
    "  vcpu INTEGER,\n" \
    "  reason INTEGER,  -- VM_EVENT_REASON_*, events and responses only\n" \
    "  view INTEGER,  -- altp2m view\n" \
    "  gfn INTEGER,\n" \
    "  gla INTEGER,\n" \
    "  access INTEGER,  -- of a call xenmem_access_t, of an event\n" \
    "                   -- MEM_ACCESS_*; 1 is r, 2 is w, 4 is x in both\n" \
    "  flags INTEGER,  -- VM_EVENT_FLAG_*, events and responses only\n" \
    "  rip INTEGER,\n" \
    "  result INTEGER,  -- of a call: >= 0, or a negative errno\n" \
    "  known INTEGER  -- 1: the model is known not to reproduce it\n" \
    ");\n" \
    "CREATE TABLE chunk (\n" \
    "  -- the records as they were: all arguments, byte for byte\n" \
    "  first INTEGER PRIMARY KEY,  -- record.seq of the first one\n" \
    "  count INTEGER NOT NULL,\n" \
    "  codec INTEGER NOT NULL,  -- 1: zstd over delta\n" \
    "  size INTEGER NOT NULL,  -- bytes when decompressed\n" \
    "  data BLOB NOT NULL\n" \
    ");\n" \
    "CREATE TABLE reason (id INTEGER PRIMARY KEY, name TEXT NOT NULL);\n" \
    "CREATE TABLE errno (id INTEGER PRIMARY KEY, name TEXT NOT NULL);\n" \
    "CREATE VIEW records AS\n" \
    "  SELECT r.seq, o.kind, o.name AS op, r.dom, r.vcpu,\n" \
    "    coalesce(n.name, r.reason) AS reason,\n" \
    "    r.gfn, r.gla, r.access, r.view, r.rip, r.flags, r.result,\n" \
    "    CASE WHEN r.result < 0 THEN coalesce(e.name, -r.result) END\n" \
    "      AS errno,\n" \
    "    coalesce(r.known, 0) AS known\n" \
    "  FROM record r\n" \
    "  LEFT JOIN op o ON o.id = r.op\n" \
    "  LEFT JOIN reason n ON n.id = r.reason\n" \
    "  LEFT JOIN errno e ON e.id = -r.result;\n"

#endif
