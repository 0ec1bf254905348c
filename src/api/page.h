/* page.h -- the status page, made from page.html when Perennial is built. */
#pragma once
#include "base/str.h"

extern const struct str page_html;
extern const char page_script_hash[], page_style_hash[];   /* "'sha256-…'" */
