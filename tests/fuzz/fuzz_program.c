/* Any bytes as the documents of a program: a line "== path" begins a document, what follows is its text.
 *
 * What must hold: nothing crashes; there is a program, or at least one problem that is no warning, never both; every problem has a
 * sentence; a program that was made is the same after its way through the log. */
#include "base/clock.h"
#include "program/program.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FILES_MAX = 60 };

static size_t
split(struct str text, struct program_file *files)
{
	static const struct str mark = STR_INIT("== ");
	size_t n = 0;
	while (text.len && n < FILES_MAX) {
		struct str line = text, rest = text;
		line = str_cut(&rest, '\n');
		if (!str_starts(line, mark)) {
			text = rest;
			continue;
		}
		size_t next = str_find(rest, STR("\n== "), 0), end = next == SIZE_MAX ? rest.len : next + 1;
		if (str_starts(rest, mark))
			end = 0;
		files[n++] = (struct program_file){str_slice(line, mark.len, line.len), str_slice(rest, 0, end)};
		text = str_slice(rest, end, rest.len);
	}
	return n;
}

static void
check_way_through_the_log(const struct program *p, struct tz_set *zones)
{
	struct arena a;
	struct buf b = {0};
	struct err e = {0};
	const struct json *body;
	struct program_file *files;
	size_t n;
	struct program *again = NULL;
	problem_list problems = {0};
	arena_init(&a);
	program_write_json(p, &b);
	ASSERT(json_parse_arena(&a, buf_str(&b), &body, &e) && program_files_of_json(&a, body, &files, &n, &e));
	ASSERT(program_make(files, n, zones, (struct str){0}, NULL, 0, &problems, &again) && again->version == p->version);
	buf_reset(&b);
	program_diff(p, again, &b);
	ASSERT(str_eq(buf_str(&b), STR("nothing changes\n")));
	program_free(again);
	vec_release(&problems);
	buf_release(&b);
	arena_clear(&a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct tz_set *zones;
	struct program_file files[FILES_MAX];
	problem_list problems = {0};
	struct program *p = NULL;
	bool wrong = false;
	if (!zones)
		zones = tz_set_new(tz_source_system());
	size_t n = split((struct str){(const char *)data, size}, files);
	bool ok = program_make(files, n, zones, (struct str){0}, NULL, 0, &problems, &p);
	for (size_t i = 0; i < problems.len; i++) {
		ASSERT(problems.items[i].err.text[0]);
		wrong |= !problems.items[i].warning;
	}
	ASSERT(ok == (p != NULL) && ok != wrong);
	if (ok)
		check_way_through_the_log(p, zones);
	program_free(p);
	vec_release(&problems);
	return 0;
}
