/* Every word of the shipped programs, rendered: for somebody of whom all is known, and for somebody of whom nothing is. */
#include "small_program.h"
#include "template/template.h"

static const char full[] =
    "{\"trait\":{\"firstName\":\"Åsa <b>\",\"phone\":\"+358401234567\"},\"account\":{\"name\":\"Acme\",\"contract_end\":\"2026-06-30\",\"trial_ends_at\":\"2026-03-13\",\"auto_renews\":true},"
    "\"brand\":{\"name\":\"Kaffa & Koti\",\"url\":\"https://shop.example\",\"currency\":\"EUR\",\"colour\":\"#0b6e4f\",\"address\":\"Street 1\",\"support\":\"care@shop.example\"},"
    "\"products\":[{\"product_id\":\"beans-1\",\"name\":\"Ethiopia 1 kg\",\"price\":24,\"quantity\":2,\"url\":\"https://shop.example/beans\"},{\"product_id\":\"mill-9\",\"name\":\"Hand mill\",\"price\":89.5,\"quantity\":1}],"
    "\"order\":{\"order_id\":\"o-1\",\"total\":113,\"currency\":\"EUR\",\"products\":[{\"name\":\"Hand mill\",\"price\":89}]},\"product\":{\"name\":\"Hand mill\",\"price\":71,\"stock\":4},\"before\":89,"
    "\"others\":[{\"name\":\"Moka pot\",\"price\":30}],\"parcel\":{\"carrier\":\"Posti\",\"eta\":\"2026-03-05\"},\"store\":{\"name\":\"Helsinki\"},\"category\":\"coffee\",\"query\":\"moka\",\"because\":\"Ethiopia 1 kg\","
    "\"last_bought\":[{\"name\":\"Hand mill\"}],\"tier\":\"gold\",\"missing\":380,\"words\":\"Best beans\",\"content\":[{\"title\":\"How to\"}],\"used\":4,\"people\":2,\"seats\":12,\"active\":7,\"orders\":3,"
    "\"from\":\"2026-11-01\",\"topic\":\"e-invoicing\",\"title\":\"Less downtime\",\"starts_at\":\"2026-03-12T15:00:00Z\",\"valid_until\":\"2026-04-15\",\"now\":\"2026-03-02T10:00:00Z\","
    "\"unsubscribe_url\":\"https://shop.example/l/u?a=1&b=2\",\"preferences_url\":\"https://shop.example/l/p\"}";

static void
take_files(const char *name, struct arena *a, struct program_file *files, size_t *ret_n)
{
	size_t n = 0;
	for (size_t i = 0; i < n_embedded_files; i++) {
		struct str path = str_of(embedded_files[i].path), rest = path, folder = str_cut(&rest, '/');
		struct str text = {embedded_files[i].bytes, embedded_files[i].len};
		if (str_eq(folder, STR("partials")))
			files[n++] = (struct program_file){arena_printf(a, "templates/%.*s", STR_ARGS(path)), text};
		else if (str_eq(folder, STR("lifecycle")))
			files[n++] = (struct program_file){path, text};
		else if (str_eq(folder, str_of(name)))
			files[n++] = (struct program_file){rest, text};
	}
	*ret_n = n;
}

static void
check_rendered(const struct template_file *t, const struct json *data, bool all_known)
{
	struct arena a;
	struct buf out = {0};
	struct err e = {0};
	struct template *parsed;
	bool html = str_eq(t->part, STR("html"));
	struct render_options o = {.html = html, .one_line = str_eq(t->part, STR("subject"))};
	arena_init(&a);
	if (!template_parse(&a, "test", t->text, &parsed, &e) || !template_render(parsed, data, &o, &out, &e)) {
		TAP_FAIL("%.*s, %.*s: %s", STR_ARGS(t->path), STR_ARGS(t->part), e.text);
	} else {
		struct str s = buf_str(&out);
		bool bad = str_find(s, STR("{{"), 0) != SIZE_MAX || str_find(s, STR("{%"), 0) != SIZE_MAX || !str_trim(s).len || !str_is_utf8(s);
		/* What people are called stays a text, and nothing is escaped twice. */
		bad |= html && (str_find(s, STR("<b>"), 0) != SIZE_MAX || str_find(s, STR("&amp;amp;"), 0) != SIZE_MAX || str_find(s, STR("&amp;lt;"), 0) != SIZE_MAX);
		bad |= html && !str_ends(str_trim(s), STR("</html>"));
		bad |= !html && (str_find(s, STR("&amp;"), 0) != SIZE_MAX || str_find(s, STR("<p>"), 0) != SIZE_MAX);
		bad |= o.one_line && s.len > 120;
		/* Mails that tell how to get off tell it in every part. */
		bool carries = str_find(t->text, STR("unsubscribe_url"), 0) != SIZE_MAX;
		bad |= all_known && carries && str_find(s, STR("/l/u?a=1"), 0) == SIZE_MAX;
		if (bad)
			TAP_FAIL("%.*s, %.*s reads:\n%.*s", STR_ARGS(t->path), STR_ARGS(t->part), STR_ARGS(str_slice(s, 0, 1500)));
	}
	buf_release(&out);
	arena_clear(&a);
}

TEST(every_template_reads_well_with_all_known_and_with_nothing)
{
	static const char *const starters[] = {"retail", "saas", "b2b"};
	for (size_t k = 0; k < COUNT(starters); k++) {
		struct arena a;
		struct program_file *files = mem_alloc(600 * sizeof(*files));
		size_t n;
		struct tz_set *zones = tz_set_new(tz_source_system());
		problem_list problems = {0};
		struct program *p = NULL;
		struct err e = {0};
		const struct json *known, *nothing;
		arena_init(&a);
		take_files(starters[k], &a, files, &n);
		CHECK(program_make(files, n, zones, (struct str){0}, NULL, 0, &problems, &p));
		CHECK(json_parse_arena(&a, STR(full), &known, &e) && json_parse_arena(&a, STR("{\"brand\":{\"name\":\"Shop\",\"url\":\"https://shop.example\",\"currency\":\"EUR\"}}"), &nothing, &e));
		for (size_t i = 0; p && i < p->n_templates; i++) {
			if (str_starts(p->templates[i].name, STR("partials/")))
				continue;
			check_rendered(&p->templates[i], known, true);
			check_rendered(&p->templates[i], nothing, false);
		}
		program_free(p);
		vec_release(&problems);
		tz_set_free(zones);
		mem_free(files);
		arena_clear(&a);
	}
}
