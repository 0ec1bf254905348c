#include "cli/cmd_priv.h"
#include "ingest/keys.h"
#include <string.h>
#include <sys/stat.h>

static bool
is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

static bool
is_word_at(struct str text, size_t i, struct str word)
{
	return str_starts(str_slice(text, i, text.len), word) && (i == 0 || !is_letter(text.ptr[i - 1])) &&
	       (i + word.len == text.len || !is_letter(text.ptr[i + word.len]));
}

/* The documents are written in euros. In another currency the two change places everywhere, so that amounts, rates and the documents'
 * examples agree as before. */
static void
swap_currency(struct program_file *files, size_t n, struct str currency, struct arena *a)
{
	const struct str euro = STR("EUR");
	for (size_t f = 0; f < n; f++) {
		struct str text = files[f].text;
		char *to = arena_alloc(a, text.len + 1);
		memcpy(to, text.ptr, text.len);
		for (size_t i = 0; i + euro.len <= text.len; i++)
			if (is_word_at(text, i, euro))
				memcpy(to + i, currency.ptr, euro.len);
			else if (is_word_at(text, i, currency))
				memcpy(to + i, euro.ptr, euro.len);
		files[f].text = (struct str){to, text.len};
	}
}

static bool
take_currency(const struct invocation *in, struct program_file *files, size_t n, struct arena *a, struct err *e)
{
	const char *given = option_value(in, "currency");
	struct str currency = str_of(given ? given : "EUR");
	bool good = currency.len == 3;
	for (size_t i = 0; good && i < 3; i++)
		good = currency.ptr[i] >= 'A' && currency.ptr[i] <= 'Z';
	if (!good)
		return fail(e, ERR_INVALID, "--currency is three capital letters such as USD, not %s", given);
	if (!str_eq(currency, STR("EUR")))
		swap_currency(files, n, currency, a);
	return true;
}

static bool
write_documents(const char *dir, const struct program_file *files, size_t n, struct arena *a, struct err *e)
{
	for (size_t i = 0; i < n; i++) {
		const char *path = arena_printf(a, "%s/program/%.*s", dir, STR_ARGS(files[i].path)).ptr;
		if (!file_write(path, files[i].text, e))
			return false;
	}
	return true;
}

/* The documents that were just written become live. */
static bool
apply_documents(const struct invocation *in, const char *dir, struct arena *a, struct err *e)
{
	struct workspace *w;
	struct workspace_options o = {.dir = dir, .no_sending = true, .activities_tsv = shipped_activities()};
	shipped_shadows(a, &o.shadow_files, &o.n_shadow);
	if (!workspace_open(&o, &w, e))
		return false;
	struct program *p = program_load(in, arena_printf(a, "%s/program", dir).ptr, workspace_zones(w));
	bool ok = p ? workspace_apply(w, p, NULL, NULL, e) : fail(e, ERR_INVALID, "the starter program has problems");
	workspace_close(w);
	return ok;
}

static bool
make(const struct invocation *in, const char *dir, const char *starter, struct arena *a, struct err *e)
{
	struct program_file *files;
	size_t n;
	struct stat st;
	if (stat(arena_printf(a, "%s/perennial.db", dir).ptr, &st) == 0)
		return fail(e, ERR_CONFLICT, "%s is a workspace already", dir);
	return starter_documents(a, starter, &files, &n, e) && take_currency(in, files, n, a, e) && workspace_create(dir, e) && write_documents(dir, files, n, a, e) &&
	       write_keys_make(dir, e) && apply_documents(in, dir, a, e);
}

static void
say_keys(const struct invocation *in, const char *dir)
{
	struct write_keys *k;
	struct err e;
	if (!write_keys_load(dir, &k, &e))
		return;
	for (uint32_t i = 0; i < k->n; i++)
		say(in, "  %-9.*s %.*s\n", STR_ARGS(k->keys[i].name), STR_ARGS(k->keys[i].key));
	write_keys_free(k);
}

static int
run(const struct invocation *in)
{
	struct arena a;
	struct err e;
	struct buf json = {0};
	const char *given = in->arguments[0], *starter = option_value(in, "program");
	arena_init(&a);
	const char *dir = path_of(in, &a, given);
	starter = starter ? starter : "retail";
	int code = make(in, dir, starter, &a, &e) ? 0 : refuse(in, &e);
	if (!code && in->json) {
		struct json_writer w = json_writer_on(&json);
		jw_object(&w);
		jw_kstr(&w, "folder", str_of(dir));
		jw_kstr(&w, "program", str_of(starter));
		jw_object_end(&w);
		say_json(in, &json);
	} else if (!code) {
		say(in, "Made the workspace %s with the starter program %s (documents in %s/program/, yours to change).\n\n"
			"Write keys (public ones may stand in browsers):\n", given, starter, given);
		say_keys(in, dir);
		say(in, "\nNext:\n"
			"  perennial import %s FILE.csv --map MAP    a shop's history in (docs/import.md)\n"
			"  perennial check %s                        documents checked, their examples run\n"
			"  perennial serve %s                        tracking, journeys, mail\n", given, given, given);
	}
	buf_release(&json);
	arena_clear(&a);
	return code;
}

static const struct option options[] = {
    {"program", "retail|saas|b2b", "the starter program (default: retail)"},
    {"currency", "USD", "what money is counted in (default: EUR)"},
    {NULL, NULL, NULL},
};
const struct command cmd_init = {
    .name = "init",
    .arguments = "DIR",
    .summary = "makes a workspace with a starter program",
    .help = "A workspace is a folder: perennial.db (the log and everything that follows from it), program/ (the documents that say how the\n"
	    "business markets) and keys.json (who may send events).\n\n  perennial init shop\n  perennial init invoices --program saas --currency USD",
    .min_arguments = 1,
    .max_arguments = 1,
    .options = options,
    .run = run,
};
