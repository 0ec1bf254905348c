/* The activity catalogue: a table with tabs, its first line names the columns. */
#include "program/program_priv.h"
#include "base/str.h"
#include <stddef.h>

static const struct { const char *column; size_t offset; } columns[] = {
    {"id", offsetof(struct activity_def, id)}, {"stage", offsetof(struct activity_def, stage)},
    {"channel", offsetof(struct activity_def, channel)}, {"market", offsetof(struct activity_def, market)},
    {"activity", offsetof(struct activity_def, name)}, {"touchpoint", offsetof(struct activity_def, touchpoint)},
    {"runs_here", offsetof(struct activity_def, runs_here)}, {"needs", offsetof(struct activity_def, needs)},
    {"evidence_when_run_elsewhere", offsetof(struct activity_def, evidence)},
};
enum { COLUMNS_MAX = 32 };

static struct str
next_line(struct str *rest)
{
	struct str line = str_cut(rest, '\n');
	return line.len && line.ptr[line.len - 1] == '\r' ? str_slice(line, 0, line.len - 1) : line;
}

static size_t
read_head_line(struct str line, size_t offsets[COLUMNS_MAX])
{
	size_t n = 0;
	while (line.len && n < COLUMNS_MAX) {
		struct str name = str_cut(&line, '\t');
		offsets[n] = SIZE_MAX;
		for (size_t i = 0; i < COUNT(columns); i++)
			if (str_eq(name, str_of(columns[i].column)))
				offsets[n] = columns[i].offset;
		n++;
	}
	return n;
}

void
make_activities(struct maker *m, struct str tsv)
{
	VEC(struct activity_def) list = {0};
	size_t offsets[COLUMNS_MAX];
	struct str rest = arena_str(m->a, tsv), head = next_line(&rest);
	size_t n = read_head_line(head, offsets);
	while (rest.len) {
		struct str line = next_line(&rest);
		struct activity_def row = {0};
		for (size_t i = 0; i < n && line.len; i++) {
			struct str cell = str_cut(&line, '\t');
			if (offsets[i] != SIZE_MAX)
				*(struct str *)((char *)&row + offsets[i]) = cell;
		}
		if (row.id.len)
			*vec_push(&list) = row;
	}
	m->p->activities = arena_items(m, &list);
	m->p->n_activities = list.len;
	vec_release(&list);
}

const struct activity_def *
activity_of(const struct program *p, struct str id)
{
	for (size_t i = 0; i < p->n_activities; i++)
		if (str_eq(p->activities[i].id, id))
			return &p->activities[i];
	return NULL;
}

void
check_activity(struct maker *m, const struct yaml *y)
{
	char near[96];
	if (!y || !m->p->n_activities || activity_of(m->p, yaml_text(y)))
		return;
	problem_at(m, y, "the activity catalogue has no '%.*s'%s", STR_ARGS(str_slice(yaml_text(y), 0, 60)),
	    did_you_mean(yaml_text(y), &m->p->activities[0].id, m->p->n_activities, sizeof(m->p->activities[0]), near));
}
