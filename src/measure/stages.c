#include "measure/measure.h"
#include "measure/ask_priv.h"
#include <stdio.h>

void
month_format(int32_t month, char buf[16])
{
	snprintf(buf, 16, "%04d-%02d", month / 12, month % 12 + 1);
}

bool
measure_moves(sqlite3 *db, struct str model, wall from, wall to, struct arena *a, struct moves *ret, struct err *e)
{
	static const char question[] = "select cast(strftime('%Y', at / 1000, 'unixepoch') as integer) * 12 + "
				       "cast(strftime('%m', at / 1000, 'unixepoch') as integer) - 1 as month, "
				       "coalesce(from_stage, ''), coalesce(to_stage, ''), count(*) from stage_move "
				       "where model = ?1 and at >= ?2 and at < ?3 group by 1, 2, 3 order by 1, 4 desc, 2, 3";
	VEC(struct move_count) moves = {0};
	sqlite3_stmt *rows;
	if (!ask_prepare(db, question, &rows, e))
		return false;
	sqlite3_bind_text(rows, 1, model.ptr, (int)model.len, SQLITE_STATIC);
	sqlite3_bind_int64(rows, 2, from.ms);
	sqlite3_bind_int64(rows, 3, to.ms);
	int rc;
	while ((rc = sqlite3_step(rows)) == SQLITE_ROW)
		*vec_push(&moves) = (struct move_count){sqlite3_column_int(rows, 0), ask_text(rows, 1, a), ask_text(rows, 2, a),
		    (uint64_t)sqlite3_column_int64(rows, 3)};
	bool ok = ask_finish(db, rows, rc, e);
	*ret = (struct moves){arena_array(a, struct move_count, moves.len + 1), moves.len};
	if (moves.len)
		memcpy(ret->items, moves.items, moves.len * sizeof(*moves.items));
	vec_release(&moves);
	return ok;
}
