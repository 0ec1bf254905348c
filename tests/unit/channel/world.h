/* world.h -- a program made by hand, small enough to see whole, and messages of it. */
#pragma once
#include "journey/journey.h"
#include "program/program.h"
#include <stdio.h>
#include <string.h>

static struct template_file world_templates[] = {
    {.name = STR_INIT("hello"), .part = STR_INIT("subject"), .path = STR_INIT("templates/hello.html"),
     .text = STR_INIT("Hello {{ trait.firstName | default: \"you\" }}")},
    {.name = STR_INIT("hello"), .part = STR_INIT("html"), .path = STR_INIT("templates/hello.html"),
     .text = STR_INIT("<html><body><p>Dear {{ trait.firstName }}, {{ now | date: \"%H:%M\" }}</p><a href=\"https://shop.example/?a=1&amp;b=2\">Shop</a> "
		      "<a href=\"{{ unsubscribe_url }}\">Stop</a></body></html>")},
    {.name = STR_INIT("hello"), .part = STR_INIT("txt"), .path = STR_INIT("templates/hello.txt"),
     .text = STR_INIT("Dear {{ trait.firstName }}, stop: {{ unsubscribe_url }}\n")},
    {.name = STR_INIT("hello"), .part = STR_INIT("subject"), .locale = STR_INIT("fi"), .path = STR_INIT("templates/hello.fi.html"), .text = STR_INIT("Hei")},
    {.name = STR_INIT("hello"), .part = STR_INIT("html"), .locale = STR_INIT("fi"), .path = STR_INIT("templates/hello.fi.html"),
     .text = STR_INIT("<p>Hyvää päivää</p>")},
    {.name = STR_INIT("alone"), .part = STR_INIT("subject"), .path = STR_INIT("templates/alone.html"), .text = STR_INIT("Alone")},
    {.name = STR_INIT("alone"), .part = STR_INIT("html"), .path = STR_INIT("templates/alone.html"),
     .text = STR_INIT("<p>One &amp; only: <a href=\"{{ confirm_url }}\">confirm</a></p>")},
    {.name = STR_INIT("broken"), .part = STR_INIT("subject"), .path = STR_INIT("templates/broken.html"), .text = STR_INIT("Broken")},
    {.name = STR_INIT("broken"), .part = STR_INIT("html"), .path = STR_INIT("templates/broken.html"),
     .text = STR_INIT("{% for a in (1..100000) %}{% for b in (1..100000) %}x{% endfor %}{% endfor %}")},
};
static const struct str world_locales[] = {STR_INIT("en"), STR_INIT("fi")};

static const struct program *
world_program(struct arena *a)
{
	struct err e;
	struct program *p = arena_new(a, struct program);
	p->version = 7;
	p->name = STR("shop");
	p->zone = STR("Europe/Helsinki");
	p->locales = world_locales;
	p->n_locales = COUNT(world_locales);
	p->templates = world_templates;
	p->n_templates = COUNT(world_templates);
	p->policy.purposes[0] = (struct purpose_def){.name = STR("marketing"), .unsubscribe = true};
	p->policy.purposes[1] = (struct purpose_def){.name = STR("transaction")};
	p->policy.n_purposes = 2;
	bool ok = json_parse_arena(a, STR("{\"brand\":{\"name\":\"Shop\"},\"senders\":{\"default\":\"Shop <hello@shop.example>\",\"boss\":\"Anna <anna@shop.example>\"},"
	    "\"reply_to\":\"care@shop.example\"}"), &p->settings, &e);
	ASSERT(ok);
	return p;
}

static struct message
world_message(uint32_t number, const char *template_name)
{
	struct message m = {.profile = number, .journey = STR("welcome"), .step = STR("hello"), .channel = CHANNEL_EMAIL, .template_name = str_of(template_name),
	    .purpose = STR("marketing"), .address = STR("anna@example.org"),
	    .frozen = STR("{\"trait\":{\"firstName\":\"Anna & Co <b>\"},\"now\":\"2026-03-02T16:00:00.000Z\"}")};
	memset(m.id.bytes, 0x11, sizeof(m.id.bytes));
	memcpy(m.id.bytes, &number, sizeof(number));
	return m;
}
