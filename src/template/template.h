/* template.h -- Liquid, first form: text with {{ outputs }} and {% tags %} becomes bytes. Pure: (template, data) → bytes.
 *
 * Here: output with filters; if/elsif/else, unless, case/when, for (limit, offset, reversed, ranges, else, break, continue,
 * forloop), assign, capture, comment, raw, # remarks, whitespace control ({%- -%}). Data is JSON, read where it lies.
 *
 * Names that are not there are nil and print nothing, as in Liquid everywhere; a tag or filter that does not exist is an
 * error with line and column when the template is parsed. Work and output are bounded while rendering. */
#pragma once
#include "base/civil.h"
#include "base/json.h"

struct template;
/* `name` is for errors. The template keeps slices of `text`. */
MUST_CHECK bool template_parse(struct arena *a, const char *name, struct str text, struct template **ret, struct err *e);

struct render_options {
	bool html;               /* outputs are escaped for HTML unless they end in the filter `raw` */
	bool one_line;           /* a subject or header: control characters become blanks */
	const struct tz *zone;   /* for `date`; NULL = UTC */
	size_t output_most;      /* bytes; 0 = 1 MB */
	uint32_t steps_most;     /* 0 = 1,000,000 */
};
/* Appends to `out`. On failure what was appended is cut off again. */
MUST_CHECK bool template_render(const struct template *t, const struct json *data, const struct render_options *o, struct buf *out,
    struct err *e);
