/* small_program.h -- a small shop for tests: its documents, any of them replaced or added to, made into a program.
 *
 *	CHECK_TOLD("journeys/hello.yaml", "journey: hello\n…", "journeys/hello.yaml:3:1: a journey has no key 'x'"); */
#pragma once
#include "base/clock.h"
#include "program/program.h"
#include "program/embedded.h"
#include "tap.h"

static const struct program_file small_shop[] = {
    {STR_INIT("program.yaml"), STR_INIT("program: shop\nmarket: b2c\nregion: EU\nzone: Europe/Helsinki\ncurrency: EUR\nrates: [SEK]\nlocales: [en, fi]\n"
                                        "holidays: FI\nbrand:\n  name: Shop\nsenders:\n  default: Shop <shop@shop.example>\n")},
    {STR_INIT("vocabulary.yaml"),
        STR_INIT("vocabulary: shop\nmoney: [total, price]\nlists:\n  line: { product_id: text, category: text, price: money, quantity: number }\n"
                 "events:\n  Product Added: { product_id: text, price: money }\n  Order Completed: { order_id: text, total: money, products: list of line }\n"
                 "  Order Cancelled: { order_id: text }\namends:\n  Order Cancelled: { event: Order Completed, same: order_id, effect: void }\n"
                 "traits:\n  email: text\n  country: text\n  tier: [none, silver, gold]\npreferences:\n  frequency: [monthly, weekly]\ntopics: [news]\n"
                 "catalogue:\n  product: { product_id: text, price: money, stock: number }\n")},
    {STR_INIT("segments.yaml"), STR_INIT("segment: customer\nlabel: Has bought\nwhen: did \"Order Completed\"\n---\nsegment: vip\nwhen: in segment \"customer\" and sum total of \"Order Completed\" >= 500 EUR\n")},
    {STR_INIT("lifecycle/path.yaml"), STR_INIT("lifecycle: path\nstages:\n  - stage: reach\n    when: everyone\n  - stage: engage\n    when: in segment \"customer\"\n")},
    {STR_INIT("policy.yaml"), STR_INIT("policy: rules\npurposes:\n  marketing: { needs: consent, holdout: yes }\n  service: { needs: nothing, quiet: no, caps: no }\n"
                                       "quiet:\n  - channels: [email]\n    from: 21:30\n    to: 07:30\ncaps:\n  - at most: 1\n    in: day\n    of: message.channel = \"email\"\n")},
    {STR_INIT("people.yaml"), STR_INIT("aino:\n  zone: Europe/Helsinki\n  traits: { email: aino@example.com }\n")},
    {STR_INIT("journeys/hello.yaml"), STR_INIT("journey: hello\npurpose: marketing\nentry:\n  on: track \"Order Completed\"\nsteps:\n  - wait: 2d\n  - send: email hello\n"
                                               "    name: first\nexamples:\n  - it: says hello\n    person: aino\n    story: []\n    expect: []\n")},
    {STR_INIT("templates/hello.html"), STR_INIT("---\nsubject: Hello {{ trait.firstName }}\n---\n<p>Hello</p>\n")},
};
enum { SMALL_FILES_MAX = 40 };

/* The shop with `n` files put in place of those of the same path, or beside them; an empty text takes one away. */
static inline bool
make_small(const struct program_file *changed, size_t n, struct tz_set *zones, problem_list *problems, struct program **ret)
{
	struct program_file files[SMALL_FILES_MAX];
	size_t count = 0;
	bool used[SMALL_FILES_MAX] = {false};
	for (size_t i = 0; i < COUNT(small_shop); i++) {
		struct program_file f = small_shop[i];
		for (size_t k = 0; k < n; k++)
			if (str_eq(f.path, changed[k].path)) {
				f = changed[k];
				used[k] = true;
			}
		if (f.text.ptr)
			files[count++] = f;
	}
	for (size_t k = 0; k < n; k++)
		if (!used[k])
			files[count++] = changed[k];
	return program_make(files, count, zones, STR("id\tstage\tchannel\tmarket\tactivity\nwelcome\tact\temail\tboth\tWelcome\ncart\tconvert\temail\tb2c\tCart\n"),
	    NULL, 0, problems, ret);
}

/* All that is told, one line each; warnings begin with "warning: ". */
static inline const char *
told_of(const struct program_file *changed, size_t n, char *buf, size_t size)
{
	struct tz_set *zones = tz_set_new(tz_source_system());
	problem_list problems = {0};
	struct program *p = NULL;
	size_t len = 0;
	bool ok = make_small(changed, n, zones, &problems, &p), wrong = false;
	buf[0] = 0;
	for (size_t i = 0; i < problems.len; i++) {
		char line[700];
		wrong |= !problems.items[i].warning;
		int w = snprintf(buf + len, size - len, "%s%s%s", len ? "\n" : "", problems.items[i].warning ? "warning: " : "",
		    err_format(&problems.items[i].err, line, sizeof(line)));
		len = w < 0 || len + (size_t)w >= size ? size - 1 : len + (size_t)w;
	}
	/* Nothing is half made: a program, or at least one problem that is no warning. */
	CHECK(ok == (p != NULL) && ok != wrong);
	program_free(p);
	vec_release(&problems);
	tz_set_free(zones);
	return buf;
}

#define CHECK_TOLD(file, content, want)                                                                     \
	do {                                                                                                \
		char buf_[8000];                                                                            \
		struct program_file f_ = {STR(file), STR(content)};                                         \
		const char *g_ = told_of(&f_, 1, buf_, sizeof(buf_));                                       \
		if (strcmp(g_, want))                                                                       \
			TAP_FAIL("told:\n#   %s\n# expected:\n#   %s", g_, want);                             \
	} while (0)
