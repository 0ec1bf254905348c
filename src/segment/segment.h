/* segment.h -- named standing conditions and who fulfils them.
 *
 * A program numbers its conditions once: documents' segments first in an order in which each stands after those it
 * names, then the stages' conditions and the hidden ones (becomes, exit when, wait until, hold if). The engine keeps a
 * bit a profile for each; segments also as a bitmap over profiles. Pure. */
#pragma once
#include "expr/expr.h"

enum condition_use { USE_SEGMENT, USE_STAGE, USE_BECOMES, USE_EXIT, USE_WAIT, USE_HOLD, USE_SHADOW, USE_EVIDENCE };

struct condition_def {
	enum condition_use use;
	struct str name;             /* "vip"; stages "race.act"; hidden ones "welcome.entry" */
	struct str label;
	struct str persona;          /* demographic, behavioural, psychographic; "" */
	struct str text;             /* canonical (printed) text: same text, same truth, so bits survive a program change */
	const struct expr *tree;
	const struct cond *cond;
	int line; struct str file;
};
