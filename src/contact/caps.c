#include "base/civil.h"
#include "contact/contact_priv.h"

/* A cap as it stands for this person and this message. */
struct limit {
	uint32_t at_most;
	enum cap_window window;
	msec rolling;
};

static struct limit
limit_of(const struct contact_request *r, const struct cap_def *c)
{
	struct limit l = {r->high && c->for_high ? c->for_high : c->at_most, c->window, c->rolling};
	if (!c->own_choice.len || !r->facts || !r->facts->fact)
		return l;
	const struct fact_path path = {.root = FACT_PREFERENCE, .steps = &c->own_choice, .n = 1, .slot = UINT32_MAX};
	struct value chosen = r->facts->fact(r->facts->self, &path);
	for (uint8_t i = 0; i < c->n_choices && chosen.kind == VALUE_TEXT; i++)
		if (str_eq(c->choices[i].word, chosen.text))
			return (struct limit){c->choices[i].at_most, CAP_ROLLING, c->choices[i].in};
	return l;
}

/* How far back any cap looks. */
static msec
longest_window(const struct policy_def *p)
{
	msec longest = 0;
	for (uint8_t i = 0; i < p->n_caps; i++) {
		const struct cap_def *c = &p->caps[i];
		msec window = c->window == CAP_ROLLING ? c->rolling : 32 * DAY;
		for (uint8_t k = 0; k < c->n_choices; k++)
			window = c->choices[k].in > window ? c->choices[k].in : window;
		longest = window > longest ? window : longest;
	}
	return longest;
}

const struct contact_past *
contact_past_read(const struct contact_request *r, const struct contact_past *past, size_t n)
{
	wall oldest = wall_add(r->now, -longest_window(r->policy));
	struct contact_past *read = arena_array(r->scratch, struct contact_past, n + 1);
	struct err e;
	for (size_t i = n; i > 0; i--) {
		struct contact_past *p = &read[i - 1];
		*p = past[i - 1];
		if (p->intent || !p->text.len || !p->counts || p->at.ms < oldest.ms)
			continue;
		if (!json_parse_arena(r->scratch, p->text, &p->intent, &e))
			p->intent = NULL;
	}
	return read;
}

static bool
is_counted(const struct contact_request *r, const struct cap_def *c, const struct contact_past *p)
{
	if (!p->counts || (p->id && p->id == r->id))
		return false;
	if (!c->of)
		return true;
	return p->intent && policy_holds(r, c->of, p->intent, r->now, NULL);
}

/* Local midnight that begins the calendar window of t, and the one that ends it. */
static void
calendar_window(const struct contact_request *r, enum cap_window window, wall t, wall *ret_start, wall *ret_end)
{
	const struct tz *zone = r->facts && r->facts->zone ? r->facts->zone : tz_utc();
	struct civil c = civil_of(zone, t), from, to;
	int64_t day = civil_days(c.year, c.month, c.day), first = day, after = day + 1;
	if (window == CAP_WEEK) {
		first = day - civil_weekday(day);
		after = first + 7;
	} else if (window == CAP_MONTH) {
		first = day - (c.day - 1);
		after = first + civil_month_days(c.year, c.month);
	}
	civil_of_days(first, &from);
	civil_of_days(after, &to);
	*ret_start = civil_to_wall(zone, &from);
	*ret_end = civil_to_wall(zone, &to);
}

/* When room comes under this cap, t itself when there is some. Contacts after t count too: one more before them would fill their window. */
static wall
room_under(const struct contact_request *r, const struct cap_def *c, wall t)
{
	bool of_account = c->per_account && r->account_past;
	const struct contact_past *past = of_account ? r->account_past : r->past;
	size_t n = of_account ? r->n_account_past : r->n_past, met = 0;
	struct limit l = limit_of(r, c);
	wall start = wall_add(t, -l.rolling), end = WALL_NEVER;
	if (l.at_most == 0)
		return WALL_NEVER;
	if (l.window != CAP_ROLLING)
		calendar_window(r, l.window, t, &start, &end);
	for (size_t i = n; i > 0; i--) {
		const struct contact_past *p = &past[i - 1];
		if (l.window == CAP_ROLLING ? p->at.ms <= start.ms : p->at.ms < start.ms)
			break;
		if (!is_counted(r, c, p) || ++met < l.at_most)
			continue;
		return l.window == CAP_ROLLING ? wall_add(p->at, l.rolling) : end;
	}
	return t;
}

wall
contact_room_from(const struct contact_request *r, wall t, const struct cap_def **ret_by)
{
	wall latest = t;
	for (uint8_t i = 0; i < r->policy->n_caps; i++) {
		const struct cap_def *c = &r->policy->caps[i];
		if (c->of && !policy_holds(r, c->of, r->intent, r->now, NULL))
			continue;
		wall free = room_under(r, c, t);
		if (free.ms <= latest.ms)
			continue;
		latest = free;
		if (ret_by)
			*ret_by = c;
	}
	return latest;
}
