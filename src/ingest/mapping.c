/* mapping.c -- mapping files: YAML to struct map_def. */
#include "base/yaml.h"
#include "ingest/mapping_priv.h"
#include <string.h>

struct map_reader {
	struct arena *a;
	struct map_def *m;
	VEC(struct str) columns;
	VEC(bool) optional;
	struct tz_set *zones;
	struct err *e;
};

static bool
wrong(struct map_reader *r, const struct yaml *y, const char *sentence)
{
	return fail_at(r->e, ERR_INVALID, y->line, y->column, "%s", sentence);
}

static bool
check_keys(struct map_reader *r, const struct yaml *y, const char *const *known)
{
	if (y->kind != YAML_MAPPING)
		return wrong(r, y, "a mapping is expected here");
	yaml_each(c, y) {
		bool found = false;
		for (size_t i = 0; known[i]; i++)
			found |= str_eq(c->key, str_of(known[i]));
		if (!found)
			return fail_at(r->e, ERR_INVALID, c->key_line, c->key_column, "`%.*s` is not known here", STR_ARGS(c->key));
	}
	return true;
}

/* "Phone?" may be missing from the file. */
static uint16_t
column_of(struct map_reader *r, struct str name)
{
	name = str_trim(name);
	bool optional = name.len > 1 && name.ptr[name.len - 1] == '?';
	if (optional)
		name.len--;
	for (size_t i = 0; i < r->columns.len; i++)
		if (str_eq(r->columns.items[i], name)) {
			r->optional.items[i] &= optional;
			return (uint16_t)i;
		}
	*vec_push(&r->columns) = arena_str(r->a, name);
	*vec_push(&r->optional) = optional;
	return (uint16_t)(r->columns.len - 1);
}

/* ---------------------------------------------------------------- values */

static bool read_cell(struct map_reader *r, const struct yaml *y, const struct cell **ret);

static struct str
as_json(struct map_reader *r, struct str text)
{
	struct buf out = {0};
	const struct json *j;
	struct err ignored;
	struct json_writer w = json_writer_on(&out);
	if (text.len && json_parse_arena(r->a, text, &j, &ignored) && j->kind != JSON_OBJECT && j->kind != JSON_ARRAY)
		return arena_str(r->a, text);
	jw_str(&w, text);
	struct str json = arena_str(r->a, buf_str(&out));
	buf_release(&out);
	return json;
}

static bool
type_of(struct str word, enum cell_type *ret)
{
	static const struct { struct str word; enum cell_type type; } words[] = {{STR_INIT("text"), AS_TEXT}, {STR_INIT("number"), AS_NUMBER},
		{STR_INIT("time"), AS_TIME}, {STR_INIT("date"), AS_DATE}, {STR_INIT("flag"), AS_FLAG}, {STR_INIT("list"), AS_LIST}, {STR_INIT("id"), AS_ID}};
	for (size_t i = 0; i < COUNT(words); i++)
		if (str_eq(words[i].word, word)) {
			*ret = words[i].type;
			return true;
		}
	return false;
}

static const char operators[] = {'*', '/', '+', '-'};

/* Where the first operator stands, between blanks; SIZE_MAX = none. */
static size_t
find_operator(struct str s, char *ret)
{
	size_t at = SIZE_MAX;
	for (size_t i = 0; i < COUNT(operators); i++) {
		const char sign[3] = {' ', operators[i], ' '};
		size_t found = str_find(s, (struct str){sign, 3}, 0);
		if (found < at) {
			at = found;
			*ret = operators[i];
		}
	}
	return at;
}

/* "A * B / 2": from left to right. */
static void
read_terms(struct map_reader *r, struct str text, struct cell *v)
{
	VEC(struct term) terms = {0};
	char op = '+', next = '+';
	while (text.len) {
		size_t at = find_operator(text, &next);
		struct str word = str_trim(str_slice(text, 0, at));
		struct term *t = vec_push(&terms);
		*t = (struct term){.op = op, .column = UINT16_MAX};
		if (!str_to_fixed(word, &t->constant))
			t->column = column_of(r, word);
		text = at == SIZE_MAX ? STR("") : str_slice(text, at + 3, text.len);
		op = next;
	}
	v->n_terms = (uint32_t)terms.len;
	v->terms = arena_array(r->a, struct term, terms.len ? terms.len : 1);
	if (terms.len)
		memcpy(v->terms, terms.items, terms.len * sizeof(*terms.items));
	vec_release(&terms);
}

/* The columns of a template are noted, so that rows carry them. */
static bool
note_template(struct map_reader *r, const struct yaml *y, struct str text)
{
	for (size_t at = 0; (at = str_find_char(text, '{', at)) != SIZE_MAX; at++) {
		size_t end = str_find_char(text, '}', at);
		if (end == SIZE_MAX || end == at + 1)
			return wrong(r, y, "a { needs a column's name and a }");
		column_of(r, str_slice(text, at + 1, end));
	}
	return true;
}

/* "Column as type". */
static bool
read_column(struct map_reader *r, const struct yaml *y, struct str s, struct cell *v)
{
	size_t as = str_find(s, STR(" as "), 0);
	v->kind = CELL_COLUMN;
	if (as != SIZE_MAX) {
		struct str type = str_trim(str_slice(s, as + 4, s.len));
		if (str_starts(type, STR("list by ")) && type.len == 9) {
			v->split = type.ptr[8];
			type = STR("list");
		}
		if (!type_of(type, &v->type))
			return wrong(r, y, "after `as` comes text, id, number, time, date, flag, list or list by and a sign");
		s = str_slice(s, 0, as);
	}
	v->column = column_of(r, s);
	return true;
}

static bool
read_scalar(struct map_reader *r, const struct yaml *y, struct cell *v)
{
	struct str s = str_trim(y->text);
	char op;
	if (!s.len)
		return wrong(r, y, "a column's name is expected here");
	if (s.ptr[0] == '=') {
		v->kind = CELL_CONSTANT;
		v->text = as_json(r, str_slice(s, 1, s.len));
		return true;
	}
	if (str_find_char(s, '{', 0) != SIZE_MAX) {
		v->kind = CELL_TEMPLATE;
		v->text = arena_str(r->a, s);
		return note_template(r, y, s);
	}
	if (str_starts(s, STR("sum of ")) || find_operator(s, &op) != SIZE_MAX) {
		v->kind = CELL_NUMBER;
		v->type = AS_NUMBER;
		v->sum = str_starts(s, STR("sum of "));
		read_terms(r, v->sum ? str_slice(s, 7, s.len) : s, v);
		return true;
	}
	return read_column(r, y, s, v);
}

static bool
read_members(struct map_reader *r, const struct yaml *y, struct member **ret, uint32_t *ret_n)
{
	if (y->kind != YAML_MAPPING)
		return wrong(r, y, "names and columns are expected here");
	struct member *members = arena_array(r->a, struct member, y->count ? y->count : 1);
	uint32_t n = 0;
	yaml_each(c, y) {
		members[n].key = arena_str(r->a, c->key);
		if (!read_cell(r, c, &members[n].value))
			return false;
		n++;
	}
	*ret = members;
	*ret_n = n;
	return true;
}

/* {column: event_type, as: text, map: {view: Product Viewed}, else: "…"} */
static bool
read_worded(struct map_reader *r, const struct yaml *y, struct cell *v)
{
	static const char *const known[] = {"column", "as", "map", "else", NULL};
	const struct yaml *column = yaml_get(y, "column"), *as = yaml_get(y, "as"), *map = yaml_get(y, "map"), *otherwise = yaml_get(y, "else");
	if (!check_keys(r, y, known))
		return false;
	if (column->kind != YAML_SCALAR || (as && (as->kind != YAML_SCALAR || !type_of(as->text, &v->type))) || (map && map->kind != YAML_MAPPING))
		return wrong(r, y, "this looks like {column: status, map: {paid: done}}");
	v->kind = CELL_COLUMN;
	v->column = column_of(r, column->text);
	v->otherwise = otherwise ? as_json(r, otherwise->text) : STR("");
	v->words = arena_alloc(r->a, sizeof(*v->words) * (map && map->count ? map->count : 1));
	yaml_each(c, map) {
		v->words[v->n_words].from = arena_str(r->a, c->key);
		v->words[v->n_words++].json = c->quoted ? arena_printf(r->a, "\"%.*s\"", STR_ARGS(c->text)) : as_json(r, c->text);
	}
	return true;
}

static bool
read_choices(struct map_reader *r, const struct yaml *y, struct cell *v)
{
	v->kind = CELL_FIRST;
	v->choices = arena_alloc(r->a, sizeof(*v->choices) * (y->count ? y->count : 1));
	yaml_each(c, y)
		if (!read_cell(r, c, &v->choices[v->n_choices++]))
			return false;
	return true;
}

static bool
read_cell(struct map_reader *r, const struct yaml *y, const struct cell **ret)
{
	struct cell *v = arena_new(r->a, struct cell);
	const struct yaml *lines = yaml_get(y, "each line");
	*ret = v;
	v->split = ',';
	if (y->kind == YAML_SCALAR)
		return read_scalar(r, y, v);
	if (y->kind == YAML_SEQUENCE)
		return read_choices(r, y, v);
	if (yaml_get(y, "column"))
		return read_worded(r, y, v);
	v->kind = lines ? CELL_LINES : CELL_OBJECT;
	return read_members(r, lines ? lines : y, &v->members, &v->n_members);
}

/* ---------------------------------------------------------------- tests */

static bool
read_words(struct map_reader *r, const struct yaml *y, struct str **ret, uint32_t *ret_n)
{
	uint32_t n = 0;
	if (y->kind == YAML_MAPPING)
		return wrong(r, y, "a word or a list of words is expected here");
	*ret = arena_array(r->a, struct str, y->kind == YAML_SEQUENCE ? y->count + 1 : 1);
	if (y->kind == YAML_SCALAR)
		(*ret)[n++] = arena_str(r->a, y->text);
	else
		yaml_each(c, y)
			(*ret)[n++] = arena_str(r->a, c->text);
	*ret_n = n;
	return true;
}

static bool
read_test(struct map_reader *r, const struct yaml *y, struct test *ret)
{
	static const char *const known[] = {"column", "is", "not", "starts", "over", "below", "empty", NULL};
	const struct yaml *column = yaml_get(y, "column"), *how = NULL;
	yaml_each(c, y)
		if (c != column)
			how = c;
	if (!check_keys(r, y, known) || !column || !how || column->kind != YAML_SCALAR || y->count != 2)
		return wrong(r, y, "a test looks like {column: Status, is: [paid, sent]}; also not, starts, over, below, empty");
	*ret = (struct test){.column = column_of(r, column->text)};
	if (str_eq(how->key, STR("over")) || str_eq(how->key, STR("below"))) {
		ret->how = str_eq(how->key, STR("over")) ? TEST_OVER : TEST_BELOW;
		return str_to_fixed(how->text, &ret->number) || wrong(r, how, "a number is expected here");
	}
	if (str_eq(how->key, STR("empty"))) {
		ret->how = str_eq(how->text, STR("true")) ? TEST_EMPTY : TEST_FILLED;
		return true;
	}
	ret->how = str_eq(how->key, STR("is")) ? TEST_IS : str_eq(how->key, STR("not")) ? TEST_NOT : TEST_STARTS;
	return read_words(r, how, &ret->words, &ret->n_words);
}

static bool
read_tests(struct map_reader *r, const struct yaml *y, struct tests *ret)
{
	if (!y)
		return true;
	ret->items = arena_array(r->a, struct test, y->kind == YAML_SEQUENCE ? y->count + 1 : 1);
	if (y->kind == YAML_MAPPING)
		return read_test(r, y, &ret->items[ret->n++]);
	yaml_each(c, y)
		if (!read_test(r, c, &ret->items[ret->n++]))
			return false;
	return true;
}

/* ---------------------------------------------------------------- entries */

static bool
read_columns(struct map_reader *r, const struct yaml *y, uint16_t **ret, uint32_t *ret_n)
{
	struct str *names;
	if (!y)
		return true;
	if (!read_words(r, y, &names, ret_n))
		return false;
	*ret = arena_array(r->a, uint16_t, *ret_n + 1);
	for (uint32_t i = 0; i < *ret_n; i++)
		(*ret)[i] = column_of(r, names[i]);
	return true;
}

static bool
read_optional(struct map_reader *r, const struct yaml *y, const char *key, const struct cell **ret)
{
	const struct yaml *c = yaml_get(y, key);
	return !c || read_cell(r, c, ret);
}

static bool
read_refund(struct map_reader *r, const struct yaml *y, struct refund_def *ret)
{
	static const char *const known[] = {"if", "event", "without", "properties", NULL};
	const struct yaml *event = yaml_get(y, "event"), *without = yaml_get(y, "without"), *properties = yaml_get(y, "properties");
	if (!y)
		return true;
	ret->there = true;
	if (!check_keys(r, y, known) || !read_tests(r, yaml_get(y, "if"), &ret->when))
		return false;
	ret->event = event ? arena_str(r->a, event->text) : STR("Order Refunded");
	return (!without || read_words(r, without, &ret->without, &ret->n_without)) &&
	    (!properties || read_members(r, properties, &ret->members, &ret->n_members));
}

/* The event's (or page's) name: as written, or with columns in braces, or chosen by a column's word. */
static bool
read_title(struct map_reader *r, const struct yaml *y, const struct cell **ret)
{
	if (!y)
		return true;
	if (y->kind != YAML_SCALAR || str_find_char(y->text, '{', 0) != SIZE_MAX)
		return read_cell(r, y, ret);
	struct cell *v = arena_new(r->a, struct cell);
	*v = (struct cell){.kind = CELL_TEMPLATE, .text = arena_str(r->a, y->text)};
	*ret = v;
	return true;
}

static const char *
members_key(enum entry_kind kind)
{
	return kind == ENTRY_IDENTIFY || kind == ENTRY_GROUP ? "traits" : kind == ENTRY_CONSENT ? "consent" : "properties";
}

static bool
read_entry(struct map_reader *r, const struct yaml *y, struct entry_def *ret)
{
	static const char *const known[] = {"call", "event", "name", "if", "group by", "once per", "id", "user", "anonymous", "account", "previous",
		"time", "traits", "properties", "consent", "refund", "without id", NULL};
	const struct yaml *call = yaml_get(y, "call"), *event = yaml_get(y, "event"), *name = yaml_get(y, "name"), *without = yaml_get(y, "without id");
	if (!check_keys(r, y, known))
		return false;
	ret->kind = call && call->kind == YAML_SCALAR ? entry_kind_of(call->text) : ENTRY_NONE;
	if (!(ret->kind >= ENTRY_IDENTIFY && ret->kind <= ENTRY_ALIAS) && ret->kind != ENTRY_CONSENT)
		return wrong(r, call ? call : y, "call must be identify, track, page, screen, group, alias or consent");
	if (ret->kind == ENTRY_TRACK && !event)
		return wrong(r, y, "a track call needs an event");
	ret->skip_without_id = without && str_eq(without->text, STR("leave out"));
	if (!yaml_get(y, "user") && !yaml_get(y, "anonymous"))
		return wrong(r, y, "a call needs a user or an anonymous id");
	return read_title(r, event ? event : name, &ret->event) && read_tests(r, yaml_get(y, "if"), &ret->when) &&
	    read_columns(r, yaml_get(y, "group by"), &ret->group, &ret->n_group) && read_columns(r, yaml_get(y, "once per"), &ret->once, &ret->n_once) &&
	    read_columns(r, yaml_get(y, "id"), &ret->id, &ret->n_id) && read_optional(r, y, "user", &ret->user) &&
	    read_optional(r, y, "anonymous", &ret->anonymous) && read_optional(r, y, "account", &ret->group_id) &&
	    read_optional(r, y, "previous", &ret->previous) && read_optional(r, y, "time", &ret->time) &&
	    read_optional(r, y, members_key(ret->kind), &ret->members) && read_refund(r, yaml_get(y, "refund"), &ret->refund);
}

/* ---------------------------------------------------------------- documents */

static bool
read_delimiter(struct map_reader *r, const struct yaml *y)
{
	static const struct { struct str word; char sign; } words[] = {{STR_INIT("tab"), '\t'}, {STR_INIT("blanks"), ' '}, {STR_INIT("comma"), ','},
		{STR_INIT("semicolon"), ';'}, {STR_INIT("bar"), '|'}};
	for (size_t i = 0; i < COUNT(words); i++)
		if (str_eq(y->text, words[i].word))
			r->m->delimiter = words[i].sign;
	if (!r->m->delimiter && y->text.len == 1)
		r->m->delimiter = y->text.ptr[0];
	return (r->m->delimiter && r->m->delimiter != '"') || wrong(r, y, "a delimiter is one sign, or comma, semicolon, tab, bar, blanks");
}

static bool
read_assume(struct map_reader *r, const struct yaml *y)
{
	static const char *const known[] = {"address", "consent", NULL};
	if (!y)
		return true;
	if (!check_keys(r, y, known))
		return false;
	const struct yaml *address = yaml_get(y, "address"), *consent = yaml_get(y, "consent");
	r->m->assumed_address = address ? arena_str(r->a, address->text) : STR("");
	r->m->assumed_consent = consent ? arena_str(r->a, consent->text) : STR("");
	struct str a = r->m->assumed_address;
	bool reserved = !a.len || str_ends(a, STR(".example")) || str_ends(a, STR(".invalid")) || str_ends(a, STR(".test"));
	if (!reserved)
		return wrong(r, address, "made-up addresses must end in .example, .invalid or .test, so that nobody real is mailed");
	return note_template(r, address ? address : y, a);
}

static bool
read_frame(struct map_reader *r, const struct yaml *y)
{
	struct map_def *m = r->m;
	const struct yaml *file = yaml_get(y, "file"), *source = yaml_get(y, "source"), *zone = yaml_get(y, "zone"), *decimal = yaml_get(y, "decimal");
	const struct yaml *delimiter = yaml_get(y, "delimiter"), *dates = yaml_get(y, "dates"), *names = yaml_get(y, "columns");
	m->file_pattern = file ? arena_str(r->a, file->text) : STR("*");
	m->source = source ? arena_str(r->a, source->text) : STR("import");
	m->decimal = decimal && str_eq(decimal->text, STR(",")) ? ',' : '.';
	m->zone = zone && r->zones ? tz_find(r->zones, zone->text) : tz_utc();
	if (!m->zone && zone)
		return wrong(r, zone, "there is no such time zone; names look like Europe/London");
	return (!delimiter || read_delimiter(r, delimiter)) && (!dates || read_words(r, dates, &m->dates, &m->n_dates)) &&
	    (!names || read_words(r, names, &m->names, &m->n_names)) && read_tests(r, yaml_get(y, "skip"), &m->skip) && read_assume(r, yaml_get(y, "assume"));
}

static void
keep_columns(struct map_reader *r)
{
	size_t n = r->columns.len;
	r->m->n_columns = (uint32_t)n;
	r->m->columns = arena_array(r->a, struct str, n + 1);
	r->m->optional = arena_array(r->a, bool, n + 1);
	for (size_t i = 0; i < n; i++) {
		r->m->columns[i] = r->columns.items[i];
		r->m->optional[i] = r->optional.items[i];
	}
}

static bool
read_document(struct map_reader *r, const struct yaml *y)
{
	static const char *const known[] = {"file", "source", "zone", "decimal", "delimiter", "dates", "columns", "skip", "assume", "entries", NULL};
	const struct yaml *entries = yaml_get(y, "entries");
	if (!check_keys(r, y, known) || !read_frame(r, y))
		return false;
	if (!entries || entries->kind != YAML_SEQUENCE || !entries->count)
		return wrong(r, y, "entries: lists what rows become");
	r->m->entries = arena_array(r->a, struct entry_def, entries->count);
	yaml_each(c, entries)
		if (!read_entry(r, c, &r->m->entries[r->m->n_entries++]))
			return false;
	keep_columns(r);
	return true;
}

bool
import_map_parse(const char *file, struct str text, struct tz_set *zones, struct import_map **ret, struct err *e)
{
	struct import_map *m = mem_alloc(sizeof(*m));
	struct yaml **docs;
	size_t n = 0;
	arena_init(&m->arena);
	bool ok = yaml_parse(&m->arena, file, text, &docs, &n, e);
	if (ok && !n)
		ok = fail(e, ERR_INVALID, "the mapping file is empty");
	m->maps = arena_array(&m->arena, struct map_def, n ? n : 1);
	for (size_t i = 0; ok && i < n; i++) {
		struct map_reader r = {.a = &m->arena, .m = &m->maps[m->n++], .zones = zones, .e = e};
		ok = read_document(&r, docs[i]);
		vec_release(&r.columns);
		vec_release(&r.optional);
	}
	if (!ok) {
		import_map_free(m);
		return fail_in(e, file);
	}
	*ret = m;
	return true;
}

void
import_map_free(struct import_map *m)
{
	if (!m)
		return;
	arena_clear(&m->arena);
	mem_free(m);
}

const struct map_def *
map_for_file(const struct import_map *m, const char *path)
{
	const char *slash = strrchr(path, '/');
	if (m && m->n == 1)
		return &m->maps[0];
	for (uint32_t i = 0; m && i < m->n; i++)
		if (str_like(str_of(slash ? slash + 1 : path), m->maps[i].file_pattern))
			return &m->maps[i];
	return NULL;
}
