/* Every template that is shipped makes a letter: with all that a message may know, and with nothing. PERENNIAL_LETTERS=FOLDER keeps them. */
#include "channel/mime.h"
#include "channel/render.h"
#include "channel/token.h"
#include "tap.h"
#include "base/clock.h"
#include "program/embedded.h"
#include <stdlib.h>

static const uint8_t key[TOKEN_KEY_BYTES] = {5};

static struct program *
make_shipped(const char *name)
{
	static struct program_file files[600];
	struct tz_set *zones = tz_set_new(tz_source_system());
	problem_list problems = {0};
	struct program *p = NULL;
	struct arena a;
	size_t n = 0;
	arena_init(&a);
	for (size_t i = 0; i < n_embedded_files; i++) {
		struct str path = str_of(embedded_files[i].path), rest = path, folder = str_cut(&rest, '/');
		struct str text = {embedded_files[i].bytes, embedded_files[i].len};
		if (str_eq(folder, STR("lifecycle")))
			files[n++] = (struct program_file){path, text};
		else if (str_eq(folder, STR("partials")))
			files[n++] = (struct program_file){arena_printf(&a, "templates/%.*s", STR_ARGS(path)), text};
		else if (str_eq(folder, str_of(name)))
			files[n++] = (struct program_file){rest, text};
	}
	if (!program_make(files, n, zones, STR(""), NULL, 0, &problems, &p))
		p = NULL;
	vec_release(&problems);
	tz_set_free(zones);
	arena_clear(&a);
	return p;
}

#define PRODUCTS "[{\"product_id\":\"sku-1\",\"name\":\"Guji & friends, 1 kg\",\"price\":24.5,\"quantity\":2,\"url\":\"https://shop.example/p/1?a=1&b=2\"}," \
	"{\"product_id\":\"sku-2\",\"name\":\"Gröne Kanne\",\"price\":12.5,\"quantity\":1}]"

static struct str
frozen_of(const struct program *p, bool rich, struct arena *a)
{
	struct str brand = json_get(p->settings, STR("brand"))->span;
	if (!rich)
		return arena_printf(a, "{\"brand\":%.*s,\"now\":\"2026-03-02T16:00:00.000Z\"}", STR_ARGS(brand));
	return arena_printf(a, "{\"brand\":%.*s,\"trait\":{\"firstName\":\"Aino\",\"locale\":\"en\"},\"products\":" PRODUCTS ",\"product\":{\"product_id\":\"sku-1\","
	    "\"name\":\"Guji\",\"price\":24.5,\"url\":\"https://shop.example/p/1\"},\"order\":{\"order_id\":\"10231\",\"total\":61.5,\"products\":" PRODUCTS "},"
	    "\"trigger\":{\"order_id\":\"10231\",\"product_id\":\"sku-1\",\"total\":61.5},\"now\":\"2026-03-02T16:00:00.000Z\"}", STR_ARGS(brand));
}

static void
keep(const char *program, const struct message *m, const struct rendered *r, bool rich)
{
	const char *folder = getenv("PERENNIAL_LETTERS");
	const struct { const char *end; struct str text; } parts[] = {{"html", r->html}, {"txt", r->text}};
	for (size_t i = 0; folder && i < COUNT(parts); i++) {
		char path[400];
		snprintf(path, sizeof(path), "%s/%s-%.*s%s%.*s-%s.%s", folder, program, STR_ARGS(m->template_name), m->variant.len ? "-" : "", STR_ARGS(m->variant),
		    rich ? "rich" : "bare", parts[i].end);
		FILE *f = fopen(path, "w");
		if (!f)
			continue;
		fprintf(f, "%.*s", STR_ARGS(parts[i].text));
		fclose(f);
	}
}

static bool
has(struct str text, const char *what)
{
	return str_find(text, str_of(what), 0) != SIZE_MAX;
}

static void
check_letter(const struct message *m, const struct rendered *r)
{
	static const char *const remains[] = {"{{", "{%", "%}", "}}"};
	const struct str parts[] = {r->subject, r->html, r->text};
	struct err e;
	struct buf out = {0};
	char id[33];
	message_id_format(m->id, id);
	for (size_t i = 0; i < COUNT(parts); i++)
		for (size_t k = 0; k < COUNT(remains); k++)
			if (has(parts[i], remains[k]))
				TAP_FAIL("%.*s: %s is left", STR_ARGS(m->template_name), remains[k]);
	if (!r->subject.len || !r->text.len || has(r->text, "\n\n\n") || has(r->text, "<p"))
		TAP_FAIL("%.*s: subject \"%.*s\", text \"%.*s\"", STR_ARGS(m->template_name), STR_ARGS(r->subject), STR_ARGS(r->text));
	struct mail mail = {.from = r->from, .reply_to = r->reply_to, .to = STR("aino@example.org"), .subject = r->subject, .id = str_of(id), .date = r->now,
	    .text = r->text, .html = r->html, .unsubscribe_url = r->unsubscribe_url};
	if (!mail_write(&mail, &out, &e))
		TAP_FAIL("%.*s: %s", STR_ARGS(m->template_name), e.text);
	buf_release(&out);
}

static int
render_all(const char *name, bool rich)
{
	int n = 0;
	struct arena a;
	struct program *p = make_shipped(name);
	if (!p) {
		TAP_FAIL("the program %s is not right", name);
		return 0;
	}
	arena_init(&a);
	struct renderer *x = renderer_new(key, STR("https://mail.shop.example"));
	for (size_t i = 0; i < p->n_templates; i++) {
		const struct template_file *t = &p->templates[i];
		struct rendered r;
		struct err e;
		if (!str_eq(t->part, STR("subject")))
			continue;
		struct message m = {.profile = 1, .template_name = t->name, .variant = t->variant, .journey = STR("x"), .purpose = STR("marketing"), .tracked = rich,
		    .frozen = frozen_of(p, rich, &a)};
		n++;
		if (!message_render(x, p, &m, &a, &r, &e)) {
			TAP_FAIL("%.*s: %s", STR_ARGS(t->path), e.text);
			continue;
		}
		check_letter(&m, &r);
		keep(name, &m, &r, rich);
	}
	renderer_free(x);
	arena_clear(&a);
	program_free(p);
	return n;
}

TEST(retail)
{
	CHECK(render_all("retail", true) >= 20);
	CHECK(render_all("retail", false) >= 20);
}

TEST(saas)
{
	CHECK(render_all("saas", true) >= 5);
	CHECK(render_all("saas", false) >= 5);
}

TEST(b2b)
{
	CHECK(render_all("b2b", true) >= 5);
	CHECK(render_all("b2b", false) >= 5);
}
