#include "base/map.h"
#include "base/arena.h"
#include "base/str.h"
#include <string.h>

/* Open addressing, linear probing, at most 3/4 full; removal moves the followers back, so there are no tombstones. */

/* ---------------------------------------------------------------- text → uint32_t */

struct strmap_slot {
	const char *key; /* NULL = empty */
	uint32_t len, value;
	uint64_t hash;
};
/* Keys are kept in chunks and given back with the table; a removed key's bytes wait for that. */
struct buf_chunk {
	struct buf_chunk *before;
	uint32_t used, size;
	char bytes[];
};

void
strmap_release(struct strmap *m)
{
	while (m->keys) {
		struct buf_chunk *before = m->keys->before;
		mem_free(m->keys);
		m->keys = before;
	}
	mem_free(m->slots);
	*m = (struct strmap){0};
}

static const char *
copy_key(struct strmap *m, struct str key)
{
	struct buf_chunk *c = m->keys;
	if (!c || c->size - c->used < key.len) {
		uint32_t size = c && c->size < 64 * 1024 ? c->size * 2 : c ? c->size : 256;
		if (size < key.len)
			size = (uint32_t)key.len;
		c = mem_realloc(NULL, sizeof(*c) + size);
		*c = (struct buf_chunk){.before = m->keys, .size = size};
		m->keys = c;
	}
	char *to = c->bytes + c->used;
	if (key.len)
		memcpy(to, key.ptr, key.len);
	c->used += (uint32_t)key.len;
	return to;
}

/* The slot that holds the key, or the empty one where it would stand. */
static struct strmap_slot *
strmap_slot(const struct strmap *m, struct str key, uint64_t hash)
{
	for (uint32_t i = (uint32_t)hash & (m->cap - 1);; i = (i + 1) & (m->cap - 1)) {
		struct strmap_slot *s = &m->slots[i];
		if (!s->key || (s->hash == hash && s->len == key.len && (key.len == 0 || memcmp(s->key, key.ptr, key.len) == 0)))
			return s;
	}
}

uint32_t *
strmap_get(const struct strmap *m, struct str key)
{
	if (!m->len)
		return NULL;
	struct strmap_slot *s = strmap_slot(m, key, hash_bytes(key));
	return s->key ? &s->value : NULL;
}

static void
strmap_grow(struct strmap *m)
{
	struct strmap old = *m;
	m->cap = old.cap ? old.cap * 2 : 16;
	m->slots = mem_alloc(m->cap * sizeof(*m->slots));
	for (uint32_t i = 0; i < old.cap; i++) {
		const struct strmap_slot *s = &old.slots[i];
		if (s->key)
			*strmap_slot(m, (struct str){s->key, s->len}, s->hash) = *s;
	}
	mem_free(old.slots);
}

void
strmap_put(struct strmap *m, struct str key, uint32_t value)
{
	uint64_t hash = hash_bytes(key);
	ASSERT(key.len < UINT32_MAX);
	if ((m->len + 1) * 4 > m->cap * 3)
		strmap_grow(m);
	struct strmap_slot *s = strmap_slot(m, key, hash);
	if (!s->key) {
		*s = (struct strmap_slot){.key = copy_key(m, key), .len = (uint32_t)key.len, .hash = hash};
		m->len++;
	}
	s->value = value;
}

bool
strmap_remove(struct strmap *m, struct str key)
{
	if (!m->len)
		return false;
	struct strmap_slot *s = strmap_slot(m, key, hash_bytes(key));
	if (!s->key)
		return false;
	uint32_t mask = m->cap - 1, hole = (uint32_t)(s - m->slots);
	for (uint32_t i = (hole + 1) & mask; m->slots[i].key; i = (i + 1) & mask) {
		uint32_t home = (uint32_t)m->slots[i].hash & mask;
		if (((i - home) & mask) >= ((i - hole) & mask)) {
			m->slots[hole] = m->slots[i];
			hole = i;
		}
	}
	m->slots[hole].key = NULL;
	m->len--;
	return true;
}

/* ---------------------------------------------------------------- uint64_t → uint64_t */

void
idmap_release(struct idmap *m)
{
	mem_free(m->slots);
	*m = (struct idmap){0};
}

static uint64_t *
idmap_slot(const struct idmap *m, uint64_t key)
{
	for (size_t i = hash_u64(key) & (m->cap - 1);; i = (i + 1) & (m->cap - 1))
		if (m->slots[2 * i] == key || m->slots[2 * i] == 0)
			return &m->slots[2 * i];
}

uint64_t *
idmap_get(const struct idmap *m, uint64_t key)
{
	if (!m->len || !key)
		return NULL;
	uint64_t *s = idmap_slot(m, key);
	return s[0] ? &s[1] : NULL;
}

static void
idmap_resize(struct idmap *m, size_t cap)
{
	struct idmap old = *m;
	m->cap = cap;
	m->slots = mem_alloc(cap * 2 * sizeof(uint64_t));
	for (size_t i = 0; i < old.cap; i++)
		if (old.slots[2 * i])
			memcpy(idmap_slot(m, old.slots[2 * i]), &old.slots[2 * i], 2 * sizeof(uint64_t));
	mem_free(old.slots);
}

void
idmap_reserve(struct idmap *m, size_t n)
{
	size_t cap = m->cap ? m->cap : 16;
	while (n * 4 > cap * 3)
		cap *= 2;
	if (cap > m->cap)
		idmap_resize(m, cap);
}

void
idmap_put(struct idmap *m, uint64_t key, uint64_t value)
{
	ASSERT(key != 0);
	idmap_reserve(m, m->len + 1);
	uint64_t *s = idmap_slot(m, key);
	m->len += s[0] == 0;
	s[0] = key;
	s[1] = value;
}

bool
idmap_remove(struct idmap *m, uint64_t key)
{
	if (!m->len || !key)
		return false;
	uint64_t *s = idmap_slot(m, key);
	if (!s[0])
		return false;
	size_t mask = m->cap - 1, hole = (size_t)(s - m->slots) / 2;
	for (size_t i = (hole + 1) & mask; m->slots[2 * i]; i = (i + 1) & mask) {
		size_t home = hash_u64(m->slots[2 * i]) & mask;
		if (((i - home) & mask) >= ((i - hole) & mask)) {
			memcpy(&m->slots[2 * hole], &m->slots[2 * i], 2 * sizeof(uint64_t));
			hole = i;
		}
	}
	m->slots[2 * hole] = 0;
	m->len--;
	return true;
}

void
idmap_touch(const struct idmap *m, uint64_t key)
{
	if (m->cap)
		__builtin_prefetch(&m->slots[2 * (hash_u64(key) & (m->cap - 1))]);
}

/* ---------------------------------------------------------------- names → small numbers */

void
interner_release(struct interner *in)
{
	strmap_release(&in->map);
	mem_free(in->names);
	*in = (struct interner){0};
}

uint32_t
intern(struct interner *in, struct str name)
{
	uint32_t *known = strmap_get(&in->map, name);
	if (known)
		return *known;
	if (in->len == in->cap) {
		in->cap = in->cap ? in->cap * 2 : 16;
		in->names = mem_realloc(in->names, in->cap * sizeof(*in->names));
	}
	strmap_put(&in->map, name, in->len);
	/* The table's own copy of the key outlives growth of the table. */
	const struct strmap_slot *s = strmap_slot(&in->map, name, hash_bytes(name));
	in->names[in->len] = (struct str){s->key, s->len};
	return in->len++;
}

uint32_t
intern_find(const struct interner *in, struct str name)
{
	const uint32_t *known = strmap_get(&in->map, name);
	return known ? *known : UINT32_MAX;
}

struct str
intern_name(const struct interner *in, uint32_t id)
{
	ASSERT(id < in->len);
	return in->names[id];
}
