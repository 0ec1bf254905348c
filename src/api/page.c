#include "api/page.h"
#include "api/api_priv.h"

void
page_index(struct api_call *c)
{
	http_reply_header(c->http, "Content-Security-Policy",
	    arena_printf(&c->arena, "default-src 'none'; script-src %s; style-src %s; connect-src 'self'; img-src data:; base-uri 'none'; "
				    "form-action 'self'; frame-ancestors 'none'", page_script_hash, page_style_hash));
	answer_html(c, 200, page_html);
}
