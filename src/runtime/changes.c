#include "runtime/runtime_priv.h"
#include <string.h>

/* One change, its texts behind it in the same memory. */
struct kept {
	struct enrolment_change change;
	struct kept *next;               /* of the same profile */
};
struct changes {
	struct idmap first;              /* profile → address of its first */
};

/* The texts of a change, to be copied in one go. */
#define TEXTS(X) X(journey) X(step) X(key) X(state) X(reason)

struct changes *
changes_new(void)
{
	return mem_alloc(sizeof(struct changes));
}

static struct kept *
kept_of(uint64_t address)
{
	return (struct kept *)(uintptr_t)address;
}

void
changes_free(struct changes *c)
{
	if (!c)
		return;
	/* Order is seen by nobody. */
	for (size_t i = 0; i < c->first.cap; i++)
		for (struct kept *k = c->first.slots[2 * i] ? kept_of(c->first.slots[2 * i + 1]) : NULL, *next; k; k = next) {
			next = k->next;
			mem_free(k);
		}
	idmap_release(&c->first);
	mem_free(c);
}

static struct kept *
copy(const struct enrolment_change *ec)
{
	size_t size = sizeof(struct kept);
#define X(text) size += ec->text.len;
	TEXTS(X)
#undef X
	struct kept *k = mem_alloc(size);
	char *to = (char *)(k + 1);
	k->change = *ec;
#define X(text)                                                       \
	if (ec->text.len)                                             \
		memcpy(to, ec->text.ptr, ec->text.len);               \
	k->change.text.ptr = to;                                      \
	to += ec->text.len;
	TEXTS(X)
#undef X
	return k;
}

void
changes_add(struct changes *c, const struct enrolment_change *ec)
{
	uint64_t *slot = idmap_get(&c->first, ec->profile);
	struct kept *made = copy(ec), *first = slot ? kept_of(*slot) : NULL;
	for (struct kept **at = &first; *at; at = &(*at)->next)
		if ((*at)->change.enrolment == ec->enrolment) {
			struct kept *old = *at;
			*at = old->next;
			mem_free(old);
			break;
		}
	made->next = first;
	idmap_put(&c->first, ec->profile, (uint64_t)(uintptr_t)made);
}

void
changes_take(struct changes *c, uint32_t profile, struct group *g)
{
	uint64_t *slot = idmap_get(&c->first, profile);
	if (!slot)
		return;
	for (struct kept *k = kept_of(*slot), *next; k; k = next) {
		struct enrolment_change *to = vec_push(&g->enrolments);
		next = k->next;
		*to = k->change;
#define X(text) to->text = arena_str(&g->arena, k->change.text);
		TEXTS(X)
#undef X
		mem_free(k);
	}
	idmap_remove(&c->first, profile);
}
