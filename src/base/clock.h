/* clock.h -- the only file of base that asks the system for the time, randomness or a zone file. Shell only. */
#pragma once
#include "base/civil.h"

wall clock_wall(void);
int64_t clock_mono_ns(void);
void random_bytes(void *to, size_t n);
uint64_t random_u64(void);
/* Reads /usr/share/zoneinfo. */
struct tz_source tz_source_system(void);
