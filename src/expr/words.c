/* The tables of tree_priv.h as functions. */
#include "expr/tree_priv.h"
#include "base/str.h"
#include <string.h>

const char *
root_word(enum root r)
{
	static const char *const words[] = {"",
#define X(name, word) word,
	    ROOTS(X)
#undef X
	};
	return words[r];
}

const char *
comparison_word(enum comparison c)
{
	static const char *const words[] = {
#define X(name, word) word,
	    COMPARISONS(X)
#undef X
	};
	return words[c];
}

const char *
aggregate_word(enum aggregate a)
{
	static const char *const words[] = {
#define X(name, word) word,
	    AGGREGATES(X)
#undef X
	};
	return words[a];
}

static const struct {
	const char *word;
	int64_t base;
	bool is_distance;
} units[] = {
#define X(name, word, base, is_distance) {word, base, is_distance},
    UNITS(X)
#undef X
};

const char *
unit_word(enum unit u)
{
	return units[u].word;
}

int64_t
unit_base(enum unit u)
{
	return units[u].base;
}

bool
unit_is_distance(enum unit u)
{
	return units[u].is_distance;
}

const char *
day_word(enum day_word d)
{
	static const char *const words[] = {
#define X(name, word) word,
	    DAY_WORDS(X)
#undef X
	};
	return words[d];
}

const char *
period_word(enum period p)
{
	static const char *const words[] = {
#define X(name, word) word,
	    PERIODS(X)
#undef X
	};
	return words[p];
}

const char *
node_name(enum node k)
{
	static const char *const words[] = {
#define X(name) #name,
	    NODES(X)
#undef X
	};
	return words[k];
}

bool
is_keyword(struct str name)
{
	static const char *const words[] = {"and", "or", "not", "did", "count", "sum", "average", "lowest", "highest", "first",
	    "latest", "list", "distinct", "of", "where", "last", "since", "before", "in", "like", "contains", "between", "is",
	    "missing", "within", "next", "any", "all", "then", "same", "by", "usual", "gap", "anniversary", "nearest",
	    "otherwise", "everyone", "sample", "true", "false", "time", "page", "screen", "track", "this", "previous", "ago",
	    "people"};
	for (size_t i = 0; i < COUNT(words); i++)
		if (str_eq(name, str_of(words[i])))
			return true;
	return false;
}

bool
is_catalogue_kind(struct str name)
{
#define X(word)                         \
	if (str_eq(name, STR(word)))    \
		return true;
	CATALOGUE_KINDS(X)
#undef X
	return false;
}

bool
expr_in_file(struct err *e, const struct expr *x)
{
	char file[sizeof(e->file)];
	size_t n = x->file.len < sizeof(file) - 1 ? x->file.len : sizeof(file) - 1;
	if (n > 0)
		memcpy(file, x->file.ptr, n);
	file[n] = 0;
	return n > 0 ? fail_in(e, file) : false;
}
