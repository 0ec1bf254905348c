/* decisions.h -- what was decided about messages to a person, from the outbox's table. Private to cli. */
#pragma once
#include "cli/cli.h"

/* The latest `most` decisions about messages to this person as a table under the heading "Messages"; nothing when there is none.
 * name: only those of this journey, step, template or message id; "" = all. */
MUST_CHECK bool decisions_say(const struct invocation *in, uint32_t number, struct str name, size_t most, struct err *e);
