/* live.h -- copies of what the fold thread knows, for commands: the live program, the engine's clock. Private to cli. */
#pragma once
#include "cli/cli.h"

/* A program of one's own, made from the documents of the live one. NULL (with a sentence told) when none is live. */
struct program *live_program_copy(const struct invocation *in);
/* `at` of the latest entry; the wall clock when the log is empty. */
wall live_now(const struct invocation *in);
/* What engine_new wants, of this workspace; the arena keeps the list of shadows. */
struct engine_options live_engine_options(const struct invocation *in, struct arena *a);
/* Waits, a while at most, until those who fell due or have a new program to see were looked at, so that sets and counts are of now;
 * tells when some are left. Beside a server under load the counts lag, and say so. */
void live_settle(const struct invocation *in);
