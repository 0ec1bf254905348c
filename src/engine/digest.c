/* State in one canonical text, the same in every process: for verifying, and for finding what differs. */
#include "engine/engine_priv.h"
#include <stdlib.h>

static void
write_hex(struct buf *out, struct str bytes)
{
	static const char digits[] = "0123456789abcdef";
	buf_reserve(out, bytes.len * 2 + 1);
	for (size_t i = 0; i < bytes.len; i++) {
		buf_add_char(out, digits[(unsigned char)bytes.ptr[i] >> 4]);
		buf_add_char(out, digits[bytes.ptr[i] & 15]);
	}
}

/* ---------------------------------------------------------------- rows, as the live program would keep them */

static int
by_text(const void *a, const void *b, void *features)
{
	return str_cmp(features_text(features, *(const uint32_t *)a), features_text(features, *(const uint32_t *)b));
}

/* The engine may keep more than this program asks for: for one of before, or of ahead. */
static void
stream_dump(struct engine *g, const struct row_sets *sets, uint32_t of_program, struct buf *out)
{
	const struct live_program *lp = g->live;
	const struct features *f = lp->p->features;
	uint32_t s = lp->streams[of_program];
	struct stream_shape want = {*features_keep(f, of_program), (uint8_t)features_columns(f, of_program), g->shapes.items[s].amendable};
	struct buf bytes = {0}, pruned = {0};
	struct row_sets copy = {0};
	rows_save(sets, s, &g->shapes.items[s], &bytes);
	struct reader r = {.rest = buf_str(&bytes)};
	rows_load(&g->people.store, &copy, s, &want, &r);
	rows_prune(&g->people.store, &copy, s, &want, g->latest);
	rows_save(&copy, s, &want, &pruned);
	struct stream_shape *shapes = mem_alloc(sizeof(*shapes) * (s + 1));
	shapes[s] = want;
	rows_clear(&g->people.store, &copy, shapes);
	mem_free(shapes);
	if (!str_eq(buf_str(&pruned), STR("\0\0\0"))) {
		buf_printf(out, "rows %.*s: ", STR_ARGS(features_text(f, of_program)));
		write_hex(out, buf_str(&pruned));
		buf_add_char(out, '\n');
	}
	buf_release(&bytes);
	buf_release(&pruned);
}

static void
rows_dump(struct engine *g, const struct row_sets *sets, bool by_account, struct buf *out)
{
	const struct live_program *lp = g->live;
	if (!lp || !sets->n)
		return;
	uint32_t *order = mem_alloc(sizeof(*order) * (lp->n_streams + 1));
	for (uint32_t i = 0; i < lp->n_streams; i++)
		order[i] = i;
	qsort_r(order, lp->n_streams, sizeof(*order), by_text, lp->p->features);
	for (uint32_t i = 0; i < lp->n_streams; i++)
		if (g->streams.items[lp->streams[order[i]]].by_account == by_account)
			stream_dump(g, sets, order[i], out);
	mem_free(order);
}

static void
account_rows_dump(struct engine *g, const struct row_sets *sets, struct buf *out)
{
	rows_dump(g, sets, true, out);
}

/* ---------------------------------------------------------------- one person */

static void
standing_dump(struct engine *g, uint32_t number, struct buf *out)
{
	const struct standing *s = person_at(g, number)->standing;
	if (!s)
		return;
	buf_printf(out, "program %016llx\n", (unsigned long long)s->program->p->version);
	for (uint32_t m = 0; m < s->program->p->n_models; m++) {
		const struct model_def *def = &s->program->p->models[m];
		if (s->stage[m] != STAGE_NOWHERE)
			buf_printf(out, "stage %.*s: %.*s since %lld\n", STR_ARGS(def->name), STR_ARGS(def->stages[s->stage[m]].name),
			    (long long)s->since[m].ms);
	}
	const struct live_program *lp = s->program;
	for (uint32_t c = 0; c < lp->p->n_conditions; c++)
		if (!(lp->lazy[lp->place[c] / 64] >> lp->place[c] % 64 & 1) && person_holds(g, number, c))
			buf_printf(out, "true %.*s: %.*s\n", STR_ARGS(s->program->p->conditions[c].name), STR_ARGS(s->program->p->conditions[c].text));
}

void
engine_profile_dump(struct engine *g, uint32_t number, struct buf *out)
{
	struct profile *p = profile_at(&g->people, number);
	struct person *x = person_at(g, number);
	const struct account *account = account_at(g, p->account);
	struct buf bytes = {0};
	struct json_writer w = json_writer_on(out);
	profile_save(&g->people, p, &bytes);
	buf_printf(out, "person %u forward %u met %d erased %d seen %lld..%lld last entry %llu\ntraits ", number, p->forward, p->met, p->erased,
	    (long long)p->first_seen.ms, (long long)p->last_seen.ms, (unsigned long long)p->last_entry);
	traits_write_json(&p->traits, ROOT_TRAIT, false, &w);
	buf_add_cstr(out, "\nprofile ");
	write_hex(out, buf_str(&bytes));
	buf_add_char(out, '\n');
	if (account)
		buf_printf(out, "account %.*s\n", STR_ARGS(account->id));
	standing_dump(g, number, out);
	rows_dump(g, person_rows(g, p), false, out);
	if (x->dates_due.ms != WALL_NEVER.ms)
		buf_printf(out, "next date %lld\n", (long long)x->dates_due.ms);
	if (x->journeys) {
		buf_reset(&bytes);
		journeys_save(g, x->journeys, &bytes);
		buf_add_cstr(out, "journeys ");
		write_hex(out, buf_str(&bytes));
		buf_add_char(out, '\n');
	}
	buf_release(&bytes);
	arena_reset(&g->scratch);
}

/* ---------------------------------------------------------------- everything */

static void
shared_dump(struct engine *g, struct buf *out)
{
	buf_printf(out, "program %016llx\n", (unsigned long long)(g->live ? g->live->p->version : 0));
	catalog_save(g->catalog, out);
	accounts_save(g, out, account_rows_dump);
	suppressions_save(g, out);
}

uint64_t
engine_digest(struct engine *g, void (*each)(void *self, uint32_t number, uint64_t digest), void *self)
{
	struct buf text = {0}, all = {0};
	for (uint32_t n = 1; n <= g->people.n; n++) {
		buf_reset(&text);
		engine_profile_dump(g, n, &text);
		uint64_t digest = hash_stable(buf_str(&text));
		if (each)
			each(self, n, digest);
		buf_add_u64(&all, digest);
	}
	buf_reset(&text);
	shared_dump(g, &text);
	buf_add_u64(&all, hash_stable(buf_str(&text)));
	uint64_t digest = hash_stable(buf_str(&all));
	buf_release(&text);
	buf_release(&all);
	return digest;
}
