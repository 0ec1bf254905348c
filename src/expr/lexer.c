/* Text → words. Blanks, line ends and remarks (# to the end of the line) separate words. */
#include "expr/lexer_priv.h"
#include "base/limits.h"
#include "base/str.h"
#include "base/vec.h"
#include <stdarg.h>
#include <stdio.h>

struct lexer {
	struct arena *a;
	const struct source *s;
	const char *p, *end;
	struct err *e;
};

void
source_place(const struct source *s, size_t pos, int *ret_line, int *ret_column)
{
	int line = 0, column = 0;
	for (size_t i = 0; i < pos && i < s->text.len; i++) {
		if (s->text.ptr[i] == '\n') {
			line++;
			column = 0;
		} else if (((unsigned char)s->text.ptr[i] & 0xC0) != 0x80) {
			column++;
		}
	}
	*ret_line = s->place.line + line;
	*ret_column = line ? s->place.indent + column + 1 : s->place.column + column;
	if (*ret_line < 1)
		*ret_line = 1;
	if (*ret_column < 1)
		*ret_column = 1;
}

bool
fail_source(struct err *e, const struct source *s, size_t pos, const char *format, ...)
{
	char text[sizeof(e->text)];
	int line, column;
	va_list ap;
	va_start(ap, format);
	(void)vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	source_place(s, pos, &line, &column);
	fail_at(e, ERR_INVALID, line, column, "%s", text);
	return s->place.file ? fail_in(e, s->place.file) : false;
}

static size_t
offset(const struct lexer *l)
{
	return (size_t)(l->p - l->s->text.ptr);
}

static int
peek(const struct lexer *l, size_t ahead)
{
	return (size_t)(l->end - l->p) > ahead ? (unsigned char)l->p[ahead] : -1;
}

static bool
is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static bool
is_letter(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
}

/* U+00A0, U+2000 … U+200B, U+202F, U+3000 and U+FEFF come along when a condition is pasted. Returns its length or 0. */
static size_t
foreign_blank(const struct lexer *l)
{
	int a = peek(l, 0), b = peek(l, 1), c = peek(l, 2);
	if (a == 0xC2 && b == 0xA0)
		return 2;
	if (a == 0xE2 && b == 0x80 && ((c >= 0x80 && c <= 0x8B) || c == 0xAF))
		return 3;
	if ((a == 0xE3 && b == 0x80 && c == 0x80) || (a == 0xEF && b == 0xBB && c == 0xBF))
		return 3;
	return 0;
}

static bool
is_curly_quote(const struct lexer *l)
{
	int a = peek(l, 0), b = peek(l, 1), c = peek(l, 2);
	return (a == 0xE2 && b == 0x80 && c >= 0x98 && c <= 0x9F) || (a == 0xC2 && (b == 0xAB || b == 0xBB));
}

static void
skip_blanks(struct lexer *l)
{
	for (;;) {
		int c = peek(l, 0);
		size_t wide = foreign_blank(l);
		if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
			l->p++;
		} else if (wide) {
			l->p += wide;
		} else if (c == '#') {
			while (peek(l, 0) != -1 && peek(l, 0) != '\n')
				l->p++;
		} else {
			return;
		}
	}
}

static bool
lex_text(struct lexer *l, struct token *t)
{
	size_t start = offset(l), n = 0;
	const char *from = l->p + 1;
	char *to = arena_alloc(l->a, (size_t)(l->end - from) + 1);
	const char *p = from;
	for (; p < l->end && *p != '"'; p++) {
		if (*p == '\\' && p + 1 < l->end && (p[1] == '"' || p[1] == '\\'))
			p++;
		if (*p == 0)
			return fail_source(l->e, l->s, start, "a text must not hold a NUL sign");
		to[n++] = *p;
	}
	if (p >= l->end)
		return fail_source(l->e, l->s, start,
		    "this text has no closing \" (a remark may have cut it: put the whole condition after | on lines of its own)");
	l->p = p + 1;
	t->kind = TOKEN_TEXT;
	t->text = (struct str){to, n};
	return true;
}

static size_t
digits(const struct lexer *l, size_t from)
{
	size_t n = 0;
	while (is_digit(peek(l, from + n)))
		n++;
	return n;
}

static int
two_digits(const char *p)
{
	return (p[0] - '0') * 10 + (p[1] - '0');
}

static bool
lex_clock(struct lexer *l, struct token *t)
{
	int hour = two_digits(l->p), minute = two_digits(l->p + 3);
	if (hour > 23 || minute > 59)
		return fail_source(l->e, l->s, offset(l), "%.5s is no time of day: the clock goes from 00:00 to 23:59", l->p);
	t->kind = TOKEN_CLOCK;
	t->n = hour * 60 + minute;
	l->p += 5;
	return true;
}

static bool
lex_date(struct lexer *l, struct token *t)
{
	const char *p = l->p;
	int year = two_digits(p) * 100 + two_digits(p + 2), month = two_digits(p + 5), day = two_digits(p + 8);
	if (year < 1 || month < 1 || month > 12 || day < 1 || day > civil_month_days(year, month))
		return fail_source(l->e, l->s, offset(l), "%.10s is no day of the calendar", p);
	t->kind = TOKEN_DATE;
	t->number = civil_days(year, month, day);
	t->n = -1;
	l->p += 10;
	if (peek(l, 0) == 'T' && digits(l, 1) == 2 && peek(l, 3) == ':' && digits(l, 4) >= 2) {
		struct token clock = {0};
		l->p++;
		if (!lex_clock(l, &clock))
			return false;
		t->n = clock.n;
	}
	t->text = (struct str){p, (size_t)(l->p - p)};
	return true;
}

static bool
unit_of(struct str word, enum unit *ret)
{
	if (str_eq(word, STR("workdays")))
		word = STR("workday");
	for (int u = 0; u < UNIT_COUNT; u++)
		if (str_eq(word, str_of(unit_word((enum unit)u)))) {
			*ret = (enum unit)u;
			return true;
		}
	return false;
}

static bool
lex_unit(struct lexer *l, struct token *t, struct str word)
{
	enum unit u;
	size_t at = offset(l);
	if (str_eq(word, STR("st")) || str_eq(word, STR("nd")) || str_eq(word, STR("rd")) || str_eq(word, STR("th"))) {
		if (t->number % FIXED_ONE || t->number < FIXED_ONE || t->number > WHICH_MAX * FIXED_ONE)
			return fail_source(l->e, l->s, at, "an ordinal goes from 1st to %dth", WHICH_MAX);
		t->kind = TOKEN_ORDINAL;
		t->n = (int32_t)(t->number / FIXED_ONE);
	} else if (unit_of(word, &u)) {
		t->kind = TOKEN_LENGTH;
		t->unit = (uint8_t)u;
		if (!unit_base(u) && (t->number % FIXED_ONE || t->number > 10000 * FIXED_ONE))
			return fail_source(l->e, l->s, at, "months, years and workdays are counted whole, up to 10000");
		if (unit_base(u) && t->number / FIXED_ONE > INT64_C(4000000000000000) / unit_base(u))
			return fail_source(l->e, l->s, at, "this length is too great");
	} else {
		return fail_source(l->e, l->s, at,
		    "I do not know the unit '%.*s'; units are s min h d w mo y workday, %% and m km yd mi", STR_ARGS(word));
	}
	l->p += word.len;
	return true;
}

static bool
lex_number(struct lexer *l, struct token *t)
{
	size_t n = digits(l, 0);
	if (n == 4 && peek(l, 4) == '-' && digits(l, 5) == 2 && peek(l, 7) == '-' && digits(l, 8) == 2)
		return lex_date(l, t);
	if (n == 2 && peek(l, 2) == ':' && digits(l, 3) == 2)
		return lex_clock(l, t);
	if (n == 1 && peek(l, 1) == ':' && digits(l, 2) == 2)
		return fail_source(l->e, l->s, offset(l), "the hour has two digits: 0%.4s", l->p);
	if (peek(l, n) == '.' && is_digit(peek(l, n + 1)))
		n += 1 + digits(l, n + 1);
	if (!str_to_fixed((struct str){l->p, n}, &t->number))
		return fail_source(l->e, l->s, offset(l), "the number %.*s is too great", (int)(n > 40 ? 40 : n), l->p);
	l->p += n;
	t->kind = TOKEN_NUMBER;
	if (peek(l, 0) == '%') {
		t->kind = TOKEN_PERCENT;
		l->p++;
		return true;
	}
	size_t w = 0;
	while (is_letter(peek(l, w)) || (w > 0 && is_digit(peek(l, w))))
		w++;
	return w == 0 || lex_unit(l, t, (struct str){l->p, w});
}

static bool
lex_name(struct lexer *l, struct token *t)
{
	const char *from = l->p;
	if (is_curly_quote(l))
		return fail_source(l->e, l->s, offset(l), "this is a typographic quotation mark: write \"");
	while ((is_letter(peek(l, 0)) || is_digit(peek(l, 0))) && !foreign_blank(l) && !is_curly_quote(l))
		l->p++;
	t->kind = TOKEN_NAME;
	t->text = (struct str){from, (size_t)(l->p - from)};
	if (t->text.len > LIMIT_NAME_BYTES)
		return fail_source(l->e, l->s, (size_t)(from - l->s->text.ptr), "a name has at most %d bytes", LIMIT_NAME_BYTES);
	return true;
}

static bool
lex_sign(struct lexer *l, struct token *t)
{
	int c = peek(l, 0), d = peek(l, 1);
	size_t at = offset(l);
	t->kind = TOKEN_SIGN;
	if (c == '=' && d == '=')
		return fail_source(l->e, l->s, at, "'==' is written with one '='");
	if (c == '\'')
		return fail_source(l->e, l->s, at, "texts stand in double quotes: \"FI\"");
	if (c == '&' || c == '|')
		return fail_source(l->e, l->s, at, "write '%s'", c == '&' ? "and" : "or");
	if (d == '=' && (c == '!' || c == '<' || c == '>')) {
		t->sign = (uint8_t)(c == '<' ? 'l' : c == '>' ? 'g' : '!');
		l->p += 2;
		return true;
	}
	if (c > 0 && memchr("=<>+-*/().,", c, 11)) {
		t->sign = (uint8_t)c;
		l->p++;
		return true;
	}
	if (c < 32 || c == 127)
		return fail_source(l->e, l->s, at, "there is a control sign (number %d) in the text", c);
	return fail_source(l->e, l->s, at, "I do not know the sign '%c'", c);
}

static bool
lex_one(struct lexer *l, struct token *t)
{
	int c = peek(l, 0);
	if (c == '"')
		return lex_text(l, t);
	if (is_digit(c))
		return lex_number(l, t);
	if (is_letter(c))
		return lex_name(l, t);
	return lex_sign(l, t);
}

bool
lex(struct arena *a, const struct source *s, struct token **ret, size_t *ret_n, struct err *e)
{
	struct lexer l = {a, s, s->text.ptr, s->text.ptr + s->text.len, e};
	VEC(struct token) tokens = {0};
	bool ok = true;
	if (s->text.len > LIMIT_CONDITION_BYTES)
		return fail_source(e, s, 0, "a condition has at most %d bytes, this one has %zu", LIMIT_CONDITION_BYTES, s->text.len);
	if (!str_is_utf8(s->text))
		return fail_source(e, s, 0, "the condition is not valid UTF-8");
	for (;;) {
		skip_blanks(&l);
		struct token *t = vec_push(&tokens);
		t->pos = (uint32_t)offset(&l);
		if (l.p < l.end)
			ok = lex_one(&l, t);
		t->end = (uint32_t)offset(&l);
		if (!ok || t->kind == TOKEN_END)
			break;
	}
	if (ok) {
		*ret_n = tokens.len;
		*ret = arena_array(a, struct token, tokens.len);
		memcpy(*ret, tokens.items, tokens.len * sizeof(**ret));
	}
	vec_release(&tokens);
	return ok;
}
