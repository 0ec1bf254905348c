/* json_priv.h -- what json.c asks of simdjson: where the tokens begin, and doubles that need more than 53 bits. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct json_index;
enum json_index_result { JSON_INDEX_OK, JSON_INDEX_EMPTY, JSON_INDEX_UTF8, JSON_INDEX_UNCLOSED, JSON_INDEX_CONTROL,
	JSON_INDEX_MEMORY, JSON_INDEX_OTHER };

struct json_index *json_index_new(void);
void json_index_free(struct json_index *x);
/* Checks UTF-8 and that texts are closed and hold no control characters; finds the offset of each token's first
 * byte: { } [ ] : , a text's opening quote, the first of a number or word. One more offset, `len`, follows the last.
 * `bytes` are followed by at least 64 that may be read. The offsets are valid until the next call. */
enum json_index_result json_index_scan(struct json_index *x, const char *bytes, size_t len, const uint32_t **ret_offsets,
    uint32_t *ret_n);
/* A number whose grammar was checked; false when it is beyond a double. */
bool json_double_scan(const char *number, double *ret);

#ifdef __cplusplus
}
#endif
