/* html_text.h -- HTML as plain text, for a message whose template has no text part: what somebody would read aloud.
 *
 * Paragraphs become paragraphs, items of lists begin with "* ", links are followed by their address, pictures are their `alt`, and
 * what a reader would not see is left out. Not a browser: tables are rows of words. Pure. */
#pragma once
#include "base/str.h"

struct str html_as_text(struct arena *a, struct str html);
/* &amp; &#38; &eacute; … become what they stand for; what is no entity stays. */
struct str html_unescape(struct arena *a, struct str s);
