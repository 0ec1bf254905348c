/* The one C++ file: simdjson's first stage (UTF-8 check, token offsets) and its number reader behind json_priv.h.
 *
 * Its second stage is not used: json.c walks the offsets itself, since a node must know its source text, and that is
 * what the offsets say. */
#include "base/json_priv.h"
#include <new>
#include <simdjson.h>

struct json_index {
	std::unique_ptr<simdjson::internal::dom_parser_implementation> impl;
};

extern "C" struct json_index *
json_index_new(void)
{
	return new (std::nothrow) json_index;
}

extern "C" void
json_index_free(struct json_index *x)
{
	delete x;
}

/* Room for `len` bytes, grown in steps so that bodies of slightly different sizes do not allocate each time. */
static bool
make_room(struct json_index *x, size_t len)
{
	size_t want = 4096;
	if (x->impl && x->impl->capacity() >= len)
		return true;
	while (want < len)
		want *= 2;
	if (x->impl)
		return x->impl->allocate(want, 1) == simdjson::SUCCESS;
	return simdjson::get_active_implementation()->create_dom_parser_implementation(want, 1, x->impl) == simdjson::SUCCESS;
}

extern "C" enum json_index_result
json_index_scan(struct json_index *x, const char *bytes, size_t len, const uint32_t **ret_offsets, uint32_t *ret_n)
{
	if (!make_room(x, len))
		return JSON_INDEX_MEMORY;
	switch (x->impl->stage1(reinterpret_cast<const uint8_t *>(bytes), len, simdjson::stage1_mode::regular)) {
	case simdjson::SUCCESS:
		*ret_offsets = x->impl->structural_indexes.get();
		*ret_n = x->impl->n_structural_indexes;
		return JSON_INDEX_OK;
	case simdjson::EMPTY:
		return JSON_INDEX_EMPTY;
	case simdjson::UTF8_ERROR:
		return JSON_INDEX_UTF8;
	case simdjson::UNCLOSED_STRING:
		return JSON_INDEX_UNCLOSED;
	case simdjson::UNESCAPED_CHARS:
		return JSON_INDEX_CONTROL;
	default:
		return JSON_INDEX_OTHER;
	}
}

extern "C" bool
json_double_scan(const char *number, double *ret)
{
	return simdjson::builtin::numberparsing::parse_double(reinterpret_cast<const uint8_t *>(number)).get(*ret) ==
	    simdjson::SUCCESS;
}
