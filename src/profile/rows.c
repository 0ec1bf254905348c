#include "profile/rows.h"
#include "base/limits.h"
#include <string.h>

/* What few sets have. */
struct row_extra {
	uint64_t folded;
	wall folded_first, folded_latest;
	VEC(struct amend_note) notes;
	/* What rows_view last made of rows and notes, as long as neither has changed and the arena was emptied so often. */
	struct rows seen;
	const struct arena *seen_in;
	uint64_t seen_when;
};
/* What does not fit into the set itself: one piece of memory, so that a counted event costs little more than its 16 bytes. */
struct row_heap {
	uint32_t cap;
	bool whole;                      /* items are struct row *, not stamps */
	bool negative;                   /* a negative row has been among them */
	struct row_extra *extra;         /* NULL = nothing folded, nothing amended */
	union {
		struct stamp stamps[0];
		struct row *rows[0];
	};
};

/* ---------------------------------------------------------------- memory of whole rows */

enum { SLAB_BYTES = 32 * 1024 };

static size_t
row_bytes(uint32_t columns)
{
	return sizeof(struct row) + sizeof(struct value) * columns;
}

static struct row *
row_new(struct row_store *s, uint32_t columns)
{
	struct row_slab *slab = &s->slabs[columns];
	if (!slab->free) {
		char *chunk = mem_alloc(SLAB_BYTES);
		*(void **)(void *)chunk = slab->chunks;
		slab->chunks = chunk;
		s->bytes += SLAB_BYTES;
		size_t size = row_bytes(columns);
		for (char *at = chunk + 16; at + size <= chunk + SLAB_BYTES; at += size) {
			*(void **)(void *)at = slab->free;
			slab->free = at;
		}
	}
	struct row *row = slab->free;
	slab->free = *(void **)(void *)row;
	row->columns = (struct value *)(row + 1);
	return row;
}

static void
row_free(struct row_store *s, struct row *row, uint32_t columns)
{
	for (uint32_t i = 0; i < columns; i++)
		value_drop(s->texts, &row->columns[i]);
	*(void **)(void *)row = s->slabs[columns].free;
	s->slabs[columns].free = row;
}

void
row_store_release(struct row_store *s)
{
	for (size_t i = 0; i < COUNT(s->slabs); i++)
		for (void *chunk = s->slabs[i].chunks, *next; chunk; chunk = next) {
			next = *(void **)chunk;
			mem_free(chunk);
		}
	memset(s->slabs, 0, sizeof(s->slabs));
}

/* ---------------------------------------------------------------- finding and opening sets */

static uint32_t
set_place(const struct row_sets *sets, uint32_t stream)
{
	uint32_t low = 0, high = sets->n;
	while (low < high) {
		uint32_t mid = (low + high) / 2;
		if (sets->items[mid].stream < stream)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static struct row_set *
set_find(const struct row_sets *sets, uint32_t stream)
{
	uint32_t i = set_place(sets, stream);
	return i < sets->n && sets->items[i].stream == stream ? &sets->items[i] : NULL;
}

static struct row_set *
set_open(struct row_sets *sets, uint32_t stream)
{
	uint32_t i = set_place(sets, stream);
	if (i < sets->n && sets->items[i].stream == stream)
		return &sets->items[i];
	ASSERT(!sets->packed_len);
	if (sets->n == sets->cap) {
		ASSERT(sets->cap < UINT16_MAX / 2);
		sets->cap = (uint16_t)(sets->cap ? sets->cap + sets->cap / 2 + 1 : 4);
		sets->items = mem_realloc(sets->items, sizeof(*sets->items) * sets->cap);
	}
	memmove(&sets->items[i + 1], &sets->items[i], sizeof(*sets->items) * (sets->n - i));
	sets->items[i] = (struct row_set){.stream = stream};
	sets->n++;
	return &sets->items[i];
}

static size_t
heap_bytes(bool whole, uint32_t cap)
{
	return sizeof(struct row_heap) + (whole ? sizeof(struct row *) : sizeof(struct stamp)) * cap;
}

static struct row_heap *
set_heap(struct row_set *set)
{
	if (set->on_heap)
		return set->heap;
	struct row_heap *h = mem_alloc(heap_bytes(false, set->n ? 2 : 0));
	h->cap = set->n ? 2 : 0;
	if (set->n)
		h->stamps[0] = set->only;
	set->heap = h;
	set->on_heap = true;
	return h;
}

static struct row_extra *
set_extra(struct row_set *set)
{
	struct row_heap *h = set_heap(set);
	if (!h->extra) {
		h->extra = mem_alloc(sizeof(*h->extra));
		h->extra->folded_first = WALL_NEVER;
		h->extra->folded_latest = WALL_BEFORE_ALL;
	}
	return h->extra;
}

/* Rows or notes change. */
static void
set_unsee(struct row_set *set)
{
	if (set->on_heap && set->heap->extra)
		set->heap->extra->seen_in = NULL;
}

static wall
time_at(const struct row_set *set, uint32_t i)
{
	if (!set->on_heap)
		return set->only.time;
	return set->heap->whole ? set->heap->rows[i]->time : set->heap->stamps[i].time;
}

static uint64_t
seq_at(const struct row_set *set, uint32_t i)
{
	if (!set->on_heap)
		return set->only.seq;
	return set->heap->whole ? set->heap->rows[i]->seq : set->heap->stamps[i].seq;
}

/* Where a row of this time and seq goes: after all that are not later. */
static uint32_t
place_of(const struct row_set *set, wall time, uint64_t seq)
{
	uint32_t i = set->n;
	while (i > 0 && (time_at(set, i - 1).ms > time.ms || (time_at(set, i - 1).ms == time.ms && seq_at(set, i - 1) > seq)))
		i--;
	return i;
}

/* ---------------------------------------------------------------- pruning */

static void
set_fold(struct row_set *set, wall time)
{
	struct row_extra *x = set_extra(set);
	x->folded++;
	x->folded_first = wall_min(x->folded_first, time);
	x->folded_latest = wall_max(x->folded_latest, time);
}

/* Takes rows [from, to) out. */
static void
set_cut(struct row_store *s, struct row_set *set, uint32_t columns, uint32_t from, uint32_t to, bool fold)
{
	struct row_heap *h = set->heap;
	set_unsee(set);
	for (uint32_t i = from; i < to; i++) {
		if (fold)
			set_fold(set, time_at(set, i));
		if (h->whole)
			row_free(s, h->rows[i], columns);
	}
	if (h->whole)
		memmove(&h->rows[from], &h->rows[to], sizeof(h->rows[0]) * (set->n - to));
	else
		memmove(&h->stamps[from], &h->stamps[to], sizeof(h->stamps[0]) * (set->n - to));
	set->n = (set->n - (to - from)) & INT32_MAX;
}

static void
prune_notes(struct row_extra *x, wall limit)
{
	size_t kept = 0;
	x->seen_in = NULL;
	for (size_t i = 0; i < x->notes.len; i++)
		if (x->notes.items[i].time.ms > limit.ms)
			x->notes.items[kept++] = x->notes.items[i];
	x->notes.len = kept;
}

static void
set_prune(struct row_store *s, struct row_set *set, const struct stream_shape *shape, wall now)
{
	const struct stream_keep *k = &shape->keep;
	if (!set->on_heap && k->window == INT64_MAX)
		return;
	/* A voided first or latest row makes room for another, so nothing may be missing where rows can be voided. */
	bool by_window = k->window != INT64_MAX && !(shape->amendable && (k->first || k->latest || k->count_only));
	if (by_window) {
		wall limit = wall_add(now, -k->window);
		uint32_t old = 0;
		while (old < set->n && time_at(set, old).ms <= limit.ms)
			old++;
		uint32_t from = k->first < old ? k->first : old;
		uint32_t keep_latest = set->n > k->latest ? set->n - k->latest : 0;
		uint32_t to = old < keep_latest ? old : keep_latest;
		if (to > from) {
			set_heap(set);
			set_cut(s, set, shape->n_columns, from, to, k->count_only);
		}
		if (set->on_heap && set->heap->extra && !k->first && !k->latest)
			prune_notes(set->heap->extra, limit);
	}
	if (set->n > LIMIT_RETAINED_EVENTS && set->on_heap)
		set_cut(s, set, shape->n_columns, k->first, set->n - LIMIT_RETAINED_EVENTS + k->first, true);
}

void
rows_prune(struct row_store *s, struct row_sets *sets, uint32_t stream, const struct stream_shape *shape, wall now)
{
	struct row_set *set = set_find(sets, stream);
	if (set)
		set_prune(s, set, shape, now);
}

/* ---------------------------------------------------------------- adding */

/* Room for one more. Grows by an eighth: there are many small sets, and they are seldom added to. */
static struct row_heap *
heap_reserve(struct row_set *set)
{
	struct row_heap *h = set_heap(set);
	if (set->n < h->cap)
		return h;
	h->cap += h->cap / 8 + 1;
	if (h->whole)
		h->cap |= 1;             /* what malloc gives anyway */
	set->heap = mem_realloc(h, heap_bytes(h->whole, h->cap));
	return set->heap;
}

/* Stamps become whole rows when the first key, negative row or column comes. */
static void
heap_widen(struct row_store *s, struct row_set *set)
{
	struct row_heap *h = set_heap(set);
	if (h->whole)
		return;
	struct row_heap *wide = mem_alloc(heap_bytes(true, h->cap));
	*wide = (struct row_heap){.cap = h->cap, .whole = true, .extra = h->extra};
	for (uint32_t i = 0; i < set->n; i++) {
		struct row *row = row_new(s, 0);
		*row = (struct row){.time = h->stamps[i].time, .seq = h->stamps[i].seq, .columns = row->columns};
		wide->rows[i] = row;
	}
	mem_free(h);
	set->heap = wide;
}

static void
insert_stamp(struct row_set *set, wall time, uint64_t seq)
{
	if (set->n == 0 && !set->on_heap) {
		set->only = (struct stamp){time, seq};
		set->n = 1;
		return;
	}
	struct row_heap *h = heap_reserve(set);
	uint32_t at = place_of(set, time, seq);
	memmove(&h->stamps[at + 1], &h->stamps[at], sizeof(h->stamps[0]) * (set->n - at));
	h->stamps[at] = (struct stamp){time, seq};
	set->n++;
}

static void
insert_row(struct row_store *s, struct row_set *set, uint32_t columns, const struct row *row)
{
	heap_widen(s, set);
	struct row_heap *h = heap_reserve(set);
	uint32_t at = place_of(set, row->time, row->seq);
	memmove(&h->rows[at + 1], &h->rows[at], sizeof(struct row *) * (set->n - at));
	struct row *kept = row_new(s, columns);
	struct value *cells = kept->columns;
	*kept = *row;
	kept->columns = cells;
	for (uint32_t i = 0; i < columns; i++)
		cells[i] = row->columns ? value_keep_unread(s->texts, &row->columns[i]) : VALUE_NONE;
	h->rows[at] = kept;
	h->negative |= row->negative;
	set->n++;
}

static void
set_put(struct row_store *s, struct row_set *set, const struct stream_shape *shape, const struct row *row)
{
	set_unsee(set);
	if (shape->n_columns == 0 && !row->key && !row->negative && !(set->on_heap && set->heap->whole))
		insert_stamp(set, row->time, row->seq);
	else
		insert_row(s, set, shape->n_columns, row);
}

/* Only the latest instant is ever asked for: it stands in the set itself. */
static bool
is_latest_only(const struct row_set *set, const struct stream_shape *shape)
{
	const struct stream_keep *k = &shape->keep;
	return !set->on_heap && set->n == 1 && k->window == 0 && k->latest == 1 && !k->first && !k->count_only && !shape->amendable;
}

void
rows_add(struct row_store *s, struct row_sets *sets, uint32_t stream, const struct stream_shape *shape, const struct row *row, wall now)
{
	struct row_set *set = set_open(sets, stream);
	if (shape->n_columns == 0 && !row->key && !row->negative && is_latest_only(set, shape)) {
		if (row->time.ms > set->only.time.ms || (row->time.ms == set->only.time.ms && row->seq > set->only.seq))
			set->only = (struct stamp){row->time, row->seq};
		return;
	}
	bool full = set->on_heap && set->n == set->heap->cap;
	if (full || set->n > LIMIT_RETAINED_EVENTS)
		set_prune(s, set, shape, now);
	set_put(s, set, shape, row);
	if (set->n > LIMIT_RETAINED_EVENTS)
		set_prune(s, set, shape, now);
}

static bool
note_before(const struct amend_note *a, const struct amend_note *b)
{
	if (a->key != b->key)
		return a->key < b->key;
	return a->time.ms != b->time.ms ? a->time.ms < b->time.ms : a->seq < b->seq;
}

/* Notes stand by key, then time. The place behind all that are not after this one. */
static size_t
notes_after(const struct row_extra *x, const struct amend_note *note)
{
	size_t low = 0, high = x->notes.len;
	while (low < high) {
		size_t mid = (low + high) / 2;
		if (note_before(note, &x->notes.items[mid]))
			high = mid;
		else
			low = mid + 1;
	}
	return low;
}

static size_t
notes_oldest(const struct row_extra *x)
{
	size_t oldest = 0;
	for (size_t i = 1; i < x->notes.len; i++) {
		const struct amend_note *a = &x->notes.items[i], *b = &x->notes.items[oldest];
		if (a->time.ms < b->time.ms || (a->time.ms == b->time.ms && a->seq < b->seq))
			oldest = i;
	}
	return oldest;
}

void
rows_amend(struct row_store *s, struct row_sets *sets, uint32_t stream, const struct stream_shape *shape, const struct amend_note *note)
{
	(void)s;
	(void)shape;
	struct row_extra *x = set_extra(set_open(sets, stream));
	size_t at = notes_after(x, note);
	x->seen_in = NULL;
	*vec_insert(&x->notes, at) = *note;
	if (x->notes.len > LIMIT_RETAINED_EVENTS) {
		at = notes_oldest(x);
		vec_remove(&x->notes, at);
	}
}

/* ---------------------------------------------------------------- what conditions see */

/* An amendment concerns rows of its key that are not later than itself. */
static size_t
first_note_on(const struct row_extra *x, const struct row *row)
{
	const struct amend_note before = {.key = row->key, .time = {row->time.ms - 1}, .seq = UINT64_MAX};
	return notes_after(x, &before);
}

static bool
has_notes(const struct row_extra *x, const struct row *row)
{
	size_t i = row->key ? first_note_on(x, row) : x->notes.len;
	return i < x->notes.len && x->notes.items[i].key == row->key;
}

/* A copy of the row with the amendments' amounts taken off; NULL when one voids it. */
static const struct row *
row_amended(const struct row_extra *x, const struct row *row, struct arena *scratch, uint32_t columns)
{
	const struct row *seen = row;
	if (!row->key)
		return row;
	for (size_t i = first_note_on(x, row); i < x->notes.len && x->notes.items[i].key == row->key; i++) {
		const struct amend_note *n = &x->notes.items[i];
		if (n->voids)
			return NULL;
		if (n->column < 0 || (uint32_t)n->column >= columns || seen->columns[n->column].kind != VALUE_NUMBER)
			continue;
		if (seen == row) {
			struct row *copy = arena_alloc(scratch, row_bytes(columns));
			*copy = *row;
			copy->columns = (struct value *)(copy + 1);
			memcpy(copy->columns, row->columns, sizeof(struct value) * columns);
			seen = copy;
		}
		fixed *cell = &seen->columns[n->column].number;
		if (__builtin_sub_overflow(*cell, n->amount, cell))
			*cell = INT64_MIN;
	}
	return seen;
}

/* The rows less those that amendments void, and with what was refunded taken off. Several conditions ask for it one after the other. */
static struct rows
view_amended(const struct row_heap *h, uint32_t n, uint32_t columns, struct arena *scratch)
{
	struct row_extra *x = h->extra;
	if (x->seen_in == scratch && x->seen_when == scratch->emptied)
		return x->seen;
	const struct row **items = arena_array(scratch, const struct row *, n + 1);
	struct rows v = {.items = items};
	uint64_t untouched = 0;          /* rows of one order stand side by side, and most orders are not amended */
	for (uint32_t i = 0; i < n; i++) {
		const struct row *row = h->rows[i], *seen = row;
		if (!row->key || row->key != untouched) {
			untouched = has_notes(x, row) ? 0 : row->key;
			seen = untouched ? row : row_amended(x, row, scratch, columns);
		}
		if (seen)
			items[v.n++] = seen;
	}
	x->seen = v;
	x->seen_in = scratch;
	x->seen_when = scratch->emptied;
	return v;
}

struct rows
rows_view(const struct row_sets *sets, uint32_t stream, const struct stream_shape *shape, struct arena *scratch)
{
	const struct row_set *set = set_find(sets, stream);
	if (!set)
		return (struct rows){0};
	if (!set->on_heap)
		return (struct rows){.stamps = &set->only, .n = set->n, .no_negative = true};
	const struct row_heap *h = set->heap;
	struct rows v;
	if (!h->whole)
		v = (struct rows){.stamps = h->stamps, .n = set->n};
	else if (h->extra && h->extra->notes.len)
		v = view_amended(h, set->n, shape->n_columns, scratch);
	else
		v = (struct rows){.items = (const struct row *const *)h->rows, .n = set->n};
	v.no_negative = !h->negative;
	if (h->extra) {
		v.folded = h->extra->folded;
		v.folded_first = h->extra->folded_first;
		v.folded_latest = h->extra->folded_latest;
	}
	return v;
}

/* ---------------------------------------------------------------- merging, clearing */

static void
set_release(struct row_store *s, struct row_set *set, uint32_t columns)
{
	if (!set->on_heap)
		return;
	for (uint32_t i = 0; set->heap->whole && i < set->n; i++)
		row_free(s, set->heap->rows[i], columns);
	if (set->heap->extra)
		vec_release(&set->heap->extra->notes);
	mem_free(set->heap->extra);
	mem_free(set->heap);
}

static void
move_rows(struct row_store *s, struct row_sets *into, const struct row_set *set, const struct stream_shape *shape, wall now)
{
	for (uint32_t i = 0; i < set->n; i++) {
		struct row stamp = {.time = time_at(set, i), .seq = seq_at(set, i)};
		bool whole = set->on_heap && set->heap->whole;
		rows_add(s, into, set->stream, shape, whole ? set->heap->rows[i] : &stamp, now);
	}
	const struct row_extra *x = set->on_heap ? set->heap->extra : NULL;
	for (size_t i = 0; x && i < x->notes.len; i++)
		rows_amend(s, into, set->stream, shape, &x->notes.items[i]);
	if (x && x->folded) {
		struct row_extra *mine = set_extra(set_open(into, set->stream));
		mine->folded += x->folded;
		mine->folded_first = wall_min(mine->folded_first, x->folded_first);
		mine->folded_latest = wall_max(mine->folded_latest, x->folded_latest);
	}
}

void
rows_merge(struct row_store *s, struct row_sets *into, struct row_sets *from, const struct stream_shape *shapes, wall now)
{
	for (uint32_t i = 0; i < from->n; i++) {
		struct row_set *set = &from->items[i];
		move_rows(s, into, set, &shapes[set->stream], now);
		set_release(s, set, shapes[set->stream].n_columns);
	}
	mem_free(from->items);
	*from = (struct row_sets){0};
}

void
rows_clear(struct row_store *s, struct row_sets *sets, const struct stream_shape *shapes)
{
	for (uint32_t i = 0; i < sets->n; i++)
		set_release(s, &sets->items[i], shapes[sets->items[i].stream].n_columns);
	mem_free(sets->items);
	*sets = (struct row_sets){0};
}

size_t
rows_count(const struct row_sets *sets)
{
	size_t n = 0;
	for (uint32_t i = 0; i < sets->n; i++)
		n += sets->items[i].n;
	return n;
}

/* ---------------------------------------------------------------- bytes */

/* Rows of one event stand side by side: the same instant, place and key. */
enum { SAVED_KEY = 1, SAVED_NEGATIVE = 2, SAVED_SAME_KEY = 4 };
struct before { wall time; uint64_t seq, key; };

static void
save_row(const struct row_set *set, uint32_t i, uint32_t columns, struct before *before, struct buf *out)
{
	wall time = time_at(set, i);
	buf_add_zigzag(out, time.ms - before->time.ms);
	buf_add_zigzag(out, (int64_t)(seq_at(set, i) - before->seq));
	before->time = time;
	before->seq = seq_at(set, i);
	if (!set->on_heap || !set->heap->whole) {
		buf_add_char(out, 0);
		return;
	}
	const struct row *row = set->heap->rows[i];
	int key = !row->key ? 0 : row->key == before->key ? SAVED_SAME_KEY : SAVED_KEY;
	buf_add_char(out, (char)(key | (row->negative ? SAVED_NEGATIVE : 0)));
	if (key == SAVED_KEY)
		buf_add_u64(out, before->key = row->key);
	for (uint32_t c = 0; c < columns; c++)
		value_save(&row->columns[c], out);
}

void
rows_save(const struct row_sets *sets, uint32_t stream, const struct stream_shape *shape, struct buf *out)
{
	const struct row_set *set = set_find(sets, stream);
	struct before before = {0};
	buf_add_varint(out, set ? set->n : 0);
	for (uint32_t i = 0; set && i < set->n; i++)
		save_row(set, i, shape->n_columns, &before, out);
	const struct row_extra *x = set && set->on_heap ? set->heap->extra : NULL;
	buf_add_varint(out, x ? x->folded : 0);
	if (x && x->folded) {
		buf_add_zigzag(out, x->folded_first.ms);
		buf_add_zigzag(out, x->folded_latest.ms);
	}
	buf_add_varint(out, x ? x->notes.len : 0);
	for (size_t i = 0; x && i < x->notes.len; i++) {
		const struct amend_note *n = &x->notes.items[i];
		buf_add_zigzag(out, n->time.ms);
		buf_add_varint(out, n->seq);
		buf_add_u64(out, n->key);
		buf_add_zigzag(out, n->amount);
		buf_add_zigzag(out, n->column);
		buf_add_char(out, n->voids);
	}
}

static void
load_row(struct row_store *s, struct row_sets *sets, uint32_t stream, const struct stream_shape *shape, struct reader *r, struct before *before)
{
	struct value columns[STREAM_COLUMNS_MAX];
	struct row row = {.time = {(int64_t)((uint64_t)before->time.ms + (uint64_t)read_zigzag(r))}, .columns = NULL};
	row.seq = before->seq + (uint64_t)read_zigzag(r);
	uint8_t flags = read_u8(r);
	if (flags & SAVED_KEY)
		before->key = read_u64(r);
	before->time = row.time;
	before->seq = row.seq;
	row.negative = flags & SAVED_NEGATIVE;
	row.key = flags & (SAVED_KEY | SAVED_SAME_KEY) ? before->key : 0;
	for (uint32_t c = 0; c < shape->n_columns; c++)
		columns[c] = value_load_unread(r);
	row.columns = columns;
	if (!r->bad)
		set_put(s, set_open(sets, stream), shape, &row);
}

void
rows_load(struct row_store *s, struct row_sets *sets, uint32_t stream, const struct stream_shape *shape, struct reader *r)
{
	struct before before = {0};
	for (uint64_t n = read_varint(r); n > 0 && !r->bad; n--)
		load_row(s, sets, stream, shape, r, &before);
	uint64_t folded = read_varint(r);
	if (folded && !r->bad) {
		struct row_extra *x = set_extra(set_open(sets, stream));
		x->folded = folded;
		x->folded_first.ms = read_zigzag(r);
		x->folded_latest.ms = read_zigzag(r);
	}
	for (uint64_t n = read_varint(r); n > 0 && !r->bad; n--) {
		struct amend_note note = {0};
		note.time.ms = read_zigzag(r);
		note.seq = read_varint(r);
		note.key = read_u64(r);
		note.amount = read_zigzag(r);
		note.column = (int16_t)read_zigzag(r);
		note.voids = read_u8(r) != 0;
		rows_amend(s, sets, stream, shape, &note);
	}
}
