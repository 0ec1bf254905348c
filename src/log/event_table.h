/* event_table.h -- the log as an SQL table: `SELECT kind, name, body FROM event WHERE name = 'Order Completed'`.
 *
 * A virtual table over the blocks, read-only. seq, kind, name and profile are looked up in the index; only blocks with hits are
 * unpacked. Also built as a loadable extension: `.load perennial_event` in sqlite3(1), on a copy or a backup. */
#pragma once
#include <sqlite3.h>

/* Makes the table `event` on a connection. Returns an SQLite result code. */
int event_table_register(sqlite3 *db);
