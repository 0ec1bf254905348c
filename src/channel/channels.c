#include "channel/channels_priv.h"

enum { DRIVERS_MOST = 16 };

struct channels {
	const struct channel_driver *drivers[DRIVERS_MOST];
	void *selves[DRIVERS_MOST];
	size_t n;
};

bool
channels_start(const struct channel_context *c, struct channels **ret, struct err *e)
{
	struct channels *all = mem_alloc(sizeof(*all));
	for (size_t i = 0; channel_drivers[i]; i++) {
		void *self = NULL;
		ASSERT(all->n < DRIVERS_MOST);
		if (!channel_drivers[i]->start(c, &self, e)) {
			channels_stop(all, 0);
			return false;
		}
		/* A driver that the settings leave off starts without a self. */
		if (!self)
			continue;
		all->drivers[all->n] = channel_drivers[i];
		all->selves[all->n++] = self;
	}
	*ret = all;
	return true;
}

void
channels_stop(struct channels *c, int seconds)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n; i++)
		c->drivers[i]->stop(c->selves[i], seconds);
	mem_free(c);
}
