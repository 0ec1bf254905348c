#include "template/template_priv.h"
#include "base/str.h"
#include <string.h>

enum { DEPTH_MOST = 50, NODES_MOST = 20000 };

struct parser {
	struct arena *a;
	const char *name;
	struct str text;
	size_t at;
	struct str tag;                  /* what is left of the tag or output in hand */
	size_t tag_start;
	struct str closed_by;            /* the tag that ended the latest block */
	int depth;
	uint32_t nodes;
	struct err *e;
};

static bool
wrong_at(struct parser *p, size_t at, const char *format, struct str what)
{
	int line = 1, column = 1;
	for (size_t i = 0; i < at && i < p->text.len; i++) {
		column = p->text.ptr[i] == '\n' ? 1 : column + (((uint8_t)p->text.ptr[i] & 0xC0) != 0x80);
		line += p->text.ptr[i] == '\n';
	}
	fail_at(p->e, ERR_INVALID, line, column, "%s%s%.*s%s", format, what.ptr ? " \"" : "", STR_ARGS(what), what.ptr ? "\"" : "");
	return fail_in(p->e, p->name);
}

static bool
wrong(struct parser *p, const char *format, struct str what)
{
	return wrong_at(p, p->tag_start, format, what);
}

/* ---------------------------------------------------------------- words inside a tag */

static bool
is_name_char(char c, bool first)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (uint8_t)c >= 0x80 ||
	       (!first && ((c >= '0' && c <= '9') || c == '-'));
}

static void
skip_blanks(struct parser *p)
{
	while (p->tag.len && (p->tag.ptr[0] == ' ' || (p->tag.ptr[0] >= '\t' && p->tag.ptr[0] <= '\r')))
		p->tag = str_slice(p->tag, 1, p->tag.len);
}

static bool
take_sign(struct parser *p, const char *sign)
{
	skip_blanks(p);
	if (!str_starts(p->tag, str_of(sign)))
		return false;
	p->tag = str_slice(p->tag, strlen(sign), p->tag.len);
	return true;
}

static struct str
take_name(struct parser *p)
{
	size_t n = 0;
	skip_blanks(p);
	while (n < p->tag.len && is_name_char(p->tag.ptr[n], n == 0))
		n++;
	if (n < p->tag.len && n && p->tag.ptr[n] == '?')
		n++;
	struct str name = str_slice(p->tag, 0, n);
	p->tag = str_slice(p->tag, n, p->tag.len);
	return name;
}

static bool
take_word(struct parser *p, const char *word)
{
	struct str before = p->tag;
	if (str_eq(take_name(p), str_of(word)))
		return true;
	p->tag = before;
	return false;
}

static bool
take_end(struct parser *p)
{
	skip_blanks(p);
	return p->tag.len == 0 || wrong(p, "nothing more is expected here, but there is", p->tag);
}

/* ---------------------------------------------------------------- operands */

static bool parse_operand(struct parser *p, struct operand *ret);

static bool
parse_number(struct parser *p, struct operand *ret)
{
	size_t n = p->tag.ptr[0] == '-';
	while (n < p->tag.len && ((p->tag.ptr[n] >= '0' && p->tag.ptr[n] <= '9') ||
				     (p->tag.ptr[n] == '.' && n + 1 < p->tag.len && p->tag.ptr[n + 1] != '.')))
		n++;
	struct str digits = str_slice(p->tag, 0, n);
	*ret = (struct operand){.kind = OPERAND_NUMBER, .whole = str_find_char(digits, '.', 0) == SIZE_MAX};
	p->tag = str_slice(p->tag, n, p->tag.len);
	return str_to_fixed(digits, &ret->number) || wrong(p, "not a number:", digits);
}

static bool
parse_text(struct parser *p, struct operand *ret)
{
	size_t end = str_find_char(p->tag, p->tag.ptr[0], 1);
	if (end == SIZE_MAX)
		return wrong(p, "this text has no closing quote:", p->tag);
	*ret = (struct operand){.kind = OPERAND_TEXT, .text = str_slice(p->tag, 1, end)};
	p->tag = str_slice(p->tag, end + 1, p->tag.len);
	return true;
}

static bool
parse_range(struct parser *p, struct operand *ret)
{
	struct operand *from = arena_new(p->a, struct operand), *to = arena_new(p->a, struct operand);
	take_sign(p, "(");
	*ret = (struct operand){.kind = OPERAND_RANGE, .from = from, .to = to};
	return parse_operand(p, from) && (take_sign(p, "..") || wrong(p, "a range looks like (1..5)", (struct str){0})) &&
	       parse_operand(p, to) && (take_sign(p, ")") || wrong(p, "a range looks like (1..5)", (struct str){0}));
}

static bool
parse_steps(struct parser *p, struct operand *o)
{
	struct path_step steps[16] = {{{0}}};
	uint32_t n = 0;
	while (p->tag.len && (p->tag.ptr[0] == '[' || (p->tag.ptr[0] == '.' && !str_starts(p->tag, STR(".."))))) {
		if (n == COUNT(steps))
			return wrong(p, "a path has sixteen steps at most", (struct str){0});
		if (take_sign(p, "[")) {
			struct operand *index = arena_new(p->a, struct operand);
			if (!parse_operand(p, index) || !(take_sign(p, "]") || wrong(p, "a bracket is not closed", (struct str){0})))
				return false;
			steps[n].index = index;
		} else {
			take_sign(p, ".");
			steps[n].name = take_name(p);
			if (!steps[n].name.len)
				return wrong(p, "a name is missing after the point", (struct str){0});
		}
		n++;
	}
	struct path_step *kept = arena_array(p->a, struct path_step, n + 1);
	memcpy(kept, steps, n * sizeof(*steps));
	o->steps = kept;
	o->n_steps = n;
	return true;
}

static bool
parse_path(struct parser *p, struct operand *ret)
{
	static const struct { const char *word; enum operand_kind kind; } words[] = {{"nil", OPERAND_NIL}, {"null", OPERAND_NIL},
	    {"true", OPERAND_TRUE}, {"false", OPERAND_FALSE}, {"empty", OPERAND_EMPTY}, {"blank", OPERAND_EMPTY}};
	struct str name = take_name(p);
	if (!name.len)
		return wrong(p, p->tag.len ? "a value is expected before" : "a value is missing", p->tag);
	*ret = (struct operand){.kind = OPERAND_PATH, .text = name};
	for (size_t i = 0; i < COUNT(words); i++)
		if (str_eq(name, str_of(words[i].word)))
			ret->kind = words[i].kind;
	return ret->kind != OPERAND_PATH || parse_steps(p, ret);
}

static bool
parse_operand(struct parser *p, struct operand *ret)
{
	skip_blanks(p);
	if (++p->depth > DEPTH_MOST)
		return wrong(p, "nested too deep", (struct str){0});
	char c = p->tag.len ? p->tag.ptr[0] : '\0', d = p->tag.len > 1 ? p->tag.ptr[1] : '\0';
	bool ok;
	if ((c >= '0' && c <= '9') || (c == '-' && d >= '0' && d <= '9'))
		ok = parse_number(p, ret);
	else if (c == '"' || c == '\'')
		ok = parse_text(p, ret);
	else if (c == '(')
		ok = parse_range(p, ret);
	else
		ok = parse_path(p, ret);
	p->depth--;
	return ok;
}

/* ---------------------------------------------------------------- values with filters, tests */

static bool
parse_filter(struct parser *p, struct filter_call *ret)
{
	struct str name = take_name(p);
	*ret = (struct filter_call){.filter = filter_find(name)};
	if (!ret->filter)
		return wrong(p, "there is no filter", name);
	if (take_sign(p, ":"))
		do {
			struct operand *o = arena_new(p->a, struct operand);
			if (ret->n_arguments == COUNT(ret->arguments))
				return wrong(p, "too many arguments for the filter", name);
			if (!parse_operand(p, o))
				return false;
			ret->arguments[ret->n_arguments++] = o;
		} while (take_sign(p, ","));
	if (ret->n_arguments < ret->filter->arguments_least || ret->n_arguments > ret->filter->arguments_most)
		return wrong(p, "wrong number of arguments for the filter", name);
	return true;
}

static bool
parse_value(struct parser *p, struct value_expr *ret)
{
	struct filter_call calls[16] = {{0}};
	uint32_t n = 0;
	if (!parse_operand(p, &ret->operand))
		return false;
	while (take_sign(p, "|")) {
		if (n == COUNT(calls))
			return wrong(p, "sixteen filters at most", (struct str){0});
		if (!parse_filter(p, &calls[n++]))
			return false;
	}
	struct filter_call *kept = arena_array(p->a, struct filter_call, n + 1);
	memcpy(kept, calls, n * sizeof(*calls));
	ret->filters = kept;
	ret->n_filters = n;
	return true;
}

static bool
parse_test(struct parser *p, const struct test **ret)
{
	static const struct { const char *sign; enum test_op op; } ops[] = {{"==", TEST_EQ}, {"!=", TEST_NE}, {"<>", TEST_NE},
	    {"<=", TEST_LE}, {">=", TEST_GE}, {"<", TEST_LT}, {">", TEST_GT}};
	struct test *t = arena_new(p->a, struct test);
	if (++p->nodes > NODES_MOST)
		return wrong(p, "the template is too large", (struct str){0});
	if (!parse_operand(p, &t->left))
		return false;
	for (size_t i = 0; i < COUNT(ops) && !t->op; i++)
		if (take_sign(p, ops[i].sign))
			t->op = ops[i].op;
	if (!t->op && take_word(p, "contains"))
		t->op = TEST_CONTAINS;
	if (t->op && !parse_operand(p, &t->right))
		return false;
	t->join_or = take_word(p, "or");
	*ret = t;
	return !(t->join_or || take_word(p, "and")) || parse_test(p, &t->rest);
}

/* ---------------------------------------------------------------- the text's pieces */

enum piece { PIECE_TEXT, PIECE_OUTPUT, PIECE_TAG, PIECE_END };

static struct str
trim_left(struct str s)
{
	while (s.len && (s.ptr[0] == ' ' || (s.ptr[0] >= '\t' && s.ptr[0] <= '\r')))
		s = str_slice(s, 1, s.len);
	return s;
}

static struct str
trim_right(struct str s)
{
	while (s.len && (s.ptr[s.len - 1] == ' ' || (s.ptr[s.len - 1] >= '\t' && s.ptr[s.len - 1] <= '\r')))
		s.len--;
	return s;
}

/* The end of a tag or output: the place of its closing sign, quotes passed over. */
static size_t
find_close(struct str s, size_t from, struct str close)
{
	char quote = '\0';
	for (size_t i = from; i + 1 < s.len; i++) {
		if (quote)
			quote = s.ptr[i] == quote ? '\0' : quote;
		else if (s.ptr[i] == '"' || s.ptr[i] == '\'')
			quote = s.ptr[i];
		else if (s.ptr[i] == close.ptr[0] && s.ptr[i + 1] == close.ptr[1])
			return i;
	}
	return str_find(s, close, from);
}

static bool
next_piece(struct parser *p, enum piece *ret, struct str *ret_text)
{
	struct str rest = str_slice(p->text, p->at, p->text.len);
	size_t open = 0;
	if (!rest.len) {
		*ret = PIECE_END;
		return true;
	}
	while ((open = str_find_char(rest, '{', open)) != SIZE_MAX && !(open + 1 < rest.len && (rest.ptr[open + 1] == '{' || rest.ptr[open + 1] == '%')))
		open++;
	if (open != 0) {
		*ret = PIECE_TEXT;
		*ret_text = str_slice(rest, 0, open);
		p->at += ret_text->len;
		if (open != SIZE_MAX && open + 2 < rest.len && rest.ptr[open + 2] == '-')
			*ret_text = trim_right(*ret_text);
		return true;
	}
	bool tag = rest.ptr[1] == '%';
	size_t close = find_close(rest, 2, tag ? STR("%}") : STR("}}"));
	p->tag_start = p->at;
	if (close == SIZE_MAX)
		return wrong(p, tag ? "this {% is never closed" : "this {{ is never closed", (struct str){0});
	struct str inside = str_slice(rest, 2, close);
	p->at += close + 2;
	if (str_starts(inside, STR("-")))
		inside = str_slice(inside, 1, inside.len);
	if (str_ends(inside, STR("-"))) {
		inside.len--;
		p->at = p->text.len - trim_left(str_slice(p->text, p->at, p->text.len)).len;
	}
	*ret = tag ? PIECE_TAG : PIECE_OUTPUT;
	p->tag = inside;
	return true;
}

/* Passes over everything up to {% end… %} of a raw or comment block. */
static bool
skip_to(struct parser *p, const char *end, struct str *ret_inside)
{
	size_t from = p->at;
	for (size_t open = from; (open = str_find(p->text, STR("{%"), open)) != SIZE_MAX; open += 2) {
		struct str inside = str_slice(p->text, open + 2, p->text.len);
		if (str_starts(inside, STR("-")))
			inside = str_slice(inside, 1, inside.len);
		inside = trim_left(inside);
		if (!str_starts(inside, str_of(end)))
			continue;
		size_t close = str_find(p->text, STR("%}"), open);
		if (close == SIZE_MAX)
			break;
		*ret_inside = str_slice(p->text, from, open);
		p->at = close + 2;
		return true;
	}
	return wrong(p, "the block is never closed; missing", str_of(end));
}

/* ---------------------------------------------------------------- tags */

static bool parse_block(struct parser *p, const char *ends, const struct node **ret);

static bool
parse_if(struct parser *p, struct node *n, bool unless)
{
	struct branch **end = &n->branches;
	n->kind = NODE_IF;
	for (bool first = true;; first = false) {
		struct branch *b = arena_new(p->a, struct branch);
		*end = b;
		end = &b->next;
		b->negated = first && unless;
		bool is_else = !first && str_eq(p->closed_by, STR("else"));
		if (!is_else && !parse_test(p, &b->test))
			return false;
		if (!take_end(p) || !parse_block(p, is_else ? unless ? "endunless" : "endif" : unless ? "elsif else endunless" : "elsif else endif", &b->body))
			return false;
		if (str_starts(p->closed_by, STR("end")))
			return take_end(p);
	}
}

/* when a, b or c: tests of equality against the subject, joined by or. */
static bool
parse_when(struct parser *p, const struct operand *subject, const struct test **ret)
{
	struct test *t = arena_new(p->a, struct test);
	*t = (struct test){.op = TEST_EQ, .left = *subject};
	*ret = t;
	if (!parse_operand(p, &t->right))
		return false;
	t->join_or = take_sign(p, ",") || take_word(p, "or");
	return !t->join_or || parse_when(p, subject, &t->rest);
}

static bool
parse_case(struct parser *p, struct node *n)
{
	struct operand *subject = arena_new(p->a, struct operand);
	const struct node *ignored;
	struct branch **end = &n->branches;
	n->kind = NODE_IF;
	if (!parse_operand(p, subject) || !take_end(p) || !parse_block(p, "when else endcase", &ignored))
		return false;
	while (!str_eq(p->closed_by, STR("endcase"))) {
		struct branch *b = arena_new(p->a, struct branch);
		*end = b;
		end = &b->next;
		if (str_eq(p->closed_by, STR("when")) && !parse_when(p, subject, &b->test))
			return false;
		if (!take_end(p) || !parse_block(p, "when else endcase", &b->body))
			return false;
	}
	return take_end(p);
}

static bool
parse_for(struct parser *p, struct node *n)
{
	n->kind = NODE_FOR;
	n->text = take_name(p);
	if (!n->text.len || !take_word(p, "in") || !parse_operand(p, &n->value.operand))
		return p->e->text[0] ? false : wrong(p, "a loop looks like: for item in list", (struct str){0});
	for (;;) {
		struct operand *o = arena_new(p->a, struct operand);
		take_sign(p, ",");
		if (take_word(p, "reversed"))
			n->reversed = true;
		else if (take_word(p, "limit")) {
			n->limit = o;
			if (!take_sign(p, ":") || !parse_operand(p, o))
				return wrong(p, "limit: wants a number", (struct str){0});
		} else if (take_word(p, "offset")) {
			n->offset = o;
			if (!take_sign(p, ":") || !parse_operand(p, o))
				return wrong(p, "offset: wants a number", (struct str){0});
		} else
			break;
	}
	n->branches = arena_new(p->a, struct branch);
	if (!take_end(p) || !parse_block(p, "else endfor", &n->branches->body))
		return false;
	if (str_eq(p->closed_by, STR("else"))) {
		n->branches->next = arena_new(p->a, struct branch);
		return take_end(p) && parse_block(p, "endfor", &n->branches->next->body) && take_end(p);
	}
	return take_end(p);
}

static bool
parse_assign(struct parser *p, struct node *n)
{
	n->kind = NODE_ASSIGN;
	n->text = take_name(p);
	if (!n->text.len || !take_sign(p, "="))
		return wrong(p, "an assignment looks like: assign name = value", (struct str){0});
	return parse_value(p, &n->value) && take_end(p);
}

static bool
parse_capture(struct parser *p, struct node *n)
{
	n->kind = NODE_CAPTURE;
	n->text = take_name(p);
	n->branches = arena_new(p->a, struct branch);
	if (!n->text.len)
		return wrong(p, "capture wants a name", (struct str){0});
	return take_end(p) && parse_block(p, "endcapture", &n->branches->body) && take_end(p);
}

/* *ret_keep false: the tag leaves no node behind. */
static bool
parse_tag(struct parser *p, struct str tag, struct node *n, bool *ret_keep)
{
	struct str ignored;
	*ret_keep = true;
	if (str_eq(tag, STR("if")) || str_eq(tag, STR("unless")))
		return parse_if(p, n, str_eq(tag, STR("unless")));
	if (str_eq(tag, STR("case")))
		return parse_case(p, n);
	if (str_eq(tag, STR("for")))
		return parse_for(p, n);
	if (str_eq(tag, STR("assign")))
		return parse_assign(p, n);
	if (str_eq(tag, STR("capture")))
		return parse_capture(p, n);
	if (str_eq(tag, STR("raw"))) {
		n->kind = NODE_TEXT;
		return skip_to(p, "endraw", &n->text);
	}
	if (str_eq(tag, STR("break")) || str_eq(tag, STR("continue"))) {
		n->kind = str_eq(tag, STR("break")) ? NODE_BREAK : NODE_CONTINUE;
		return take_end(p);
	}
	*ret_keep = false;
	if (str_eq(tag, STR("comment")))
		return skip_to(p, "endcomment", &ignored);
	if (!tag.len && take_sign(p, "#"))
		return true;
	return wrong(p, "there is no tag", tag);
}

static bool
is_one_of(struct str words, struct str word)
{
	while (words.len)
		if (str_eq(str_cut(&words, ' '), word))
			return true;
	return false;
}

/* Nodes up to a tag that is one of `ends` ("" = the end of the text). */
static bool
parse_block(struct parser *p, const char *ends, const struct node **ret)
{
	struct node *first = NULL, **end = &first;
	size_t begun = p->tag_start;
	if (++p->depth > DEPTH_MOST)
		return wrong(p, "blocks are nested too deep", (struct str){0});
	for (;;) {
		enum piece piece = PIECE_END;
		struct str text = {0};
		bool keep = true;
		if (!next_piece(p, &piece, &text))
			return false;
		struct node *n = arena_new(p->a, struct node);
		if (++p->nodes > NODES_MOST)
			return wrong(p, "the template is too large", (struct str){0});
		if (piece == PIECE_END) {
			if (ends[0])
				return wrong_at(p, begun, "this block is never closed; missing one of", str_of(ends));
			break;
		}
		if (piece == PIECE_TEXT) {
			*n = (struct node){.kind = NODE_TEXT, .text = text};
		} else if (piece == PIECE_OUTPUT) {
			n->kind = NODE_OUTPUT;
			if (!parse_value(p, &n->value) || !take_end(p))
				return false;
		} else {
			struct str tag = take_name(p);
			if (is_one_of(str_of(ends), tag)) {
				p->closed_by = tag;
				break;
			}
			if (!parse_tag(p, tag, n, &keep))
				return false;
		}
		if (keep) {
			*end = n;
			end = &n->next;
		}
	}
	p->depth--;
	*ret = first;
	return true;
}

bool
template_parse(struct arena *a, const char *name, struct str text, struct template **ret, struct err *e)
{
	struct err mine = {0};
	struct parser p = {.a = a, .name = name, .text = text, .e = &mine};
	struct template *t = arena_new(a, struct template);
	t->name = name;
	if (!parse_block(&p, "", &t->first)) {
		*e = mine;
		return false;
	}
	*ret = t;
	return true;
}
