/* faulty_vfs.h -- a file system that fails, or that loses what was not synced, at the n-th call: for power cuts and full disks.
 *
 * Everything written stays in memory until it is synced. At the chosen call the process either gets an error for this and every later
 * write, or ends at once: before it ends a random part of what was not synced reaches the disk, torn at 512 bytes. */
#pragma once
#include <stdint.h>

enum fault { FAULT_NONE, FAULT_FULL /* SQLITE_FULL */, FAULT_IO /* SQLITE_IOERR */, FAULT_POWER /* the process ends */ };

/* Becomes the default VFS of this process. at: which write or sync (counted from 1) the fault hits. */
void faulty_vfs_install(enum fault fault, uint64_t at, uint64_t seed);
/* Writes and syncs so far. */
uint64_t faulty_vfs_calls(void);
