/* simulate-shop -- a made-up shop's calls as NDJSON on standard output: for trying things out, stories and load.
 *
 *	simulate-shop [--seed N] [--visitors N] [--days N] [--ending now|2026-03-01] [--calls N] */
#include "base/clock.h"
#include "shop.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int64_t
number(const char *text, const char *what)
{
	int64_t n;
	if (!str_to_int(str_of(text), &n) || n < 0) {
		fprintf(stderr, "simulate-shop: %s wants a number, not %s\n", what, text);
		exit(2);
	}
	return n;
}

int
main(int argc, char **argv)
{
	int64_t seed = 1, visitors = 1000, days = 90, most = INT64_MAX;
	wall to = clock_wall();
	for (int i = 1; i + 1 < argc; i += 2) {
		struct str option = str_of(argv[i]);
		if (str_eq(option, STR("--seed")))
			seed = number(argv[i + 1], argv[i]);
		else if (str_eq(option, STR("--visitors")))
			visitors = number(argv[i + 1], argv[i]);
		else if (str_eq(option, STR("--days")))
			days = number(argv[i + 1], argv[i]);
		else if (str_eq(option, STR("--calls")))
			most = number(argv[i + 1], argv[i]);
		else if (str_eq(option, STR("--ending")) && (str_eq(str_of(argv[i + 1]), STR("now")) || wall_parse(str_of(argv[i + 1]), &to)))
			continue;
		else {
			fprintf(stderr, "usage: simulate-shop [--seed N] [--visitors N] [--days N] [--ending now|DAY] [--calls N]\n");
			return 2;
		}
	}
	struct shop_options o = {.seed = (uint64_t)seed, .visitors = (uint32_t)visitors, .from = wall_add(to, -days * DAY), .to = to};
	struct shop *s = shop_new(&o);
	struct buf line = {0};
	for (int64_t n = 0; n < most && shop_next(s, &line, NULL); n++) {
		buf_add_char(&line, '\n');
		if (line.len > 60000) {
			fwrite(line.ptr, 1, line.len, stdout);
			buf_reset(&line);
		}
	}
	fwrite(line.ptr ? line.ptr : "", 1, line.len, stdout);
	buf_release(&line);
	shop_free(s);
	return ferror(stdout) != 0;
}
