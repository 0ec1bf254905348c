/* api.h -- the HTTP side of a running workspace: tracking, management JSON, links in messages, health, status page. */
#pragma once
#include "channel/channel.h"
#include "ingest/keys.h"
#include "runtime/runtime.h"

struct api_options {
	struct workspace *workspace;
	const char *listen;              /* "127.0.0.1:8480"; port 0 = any free one */
	int threads;                     /* 0 = 2 */
	const struct channel_settings *channels;   /* NULL = nothing is sent */
};
struct api;
/* Loads the keys, starts HTTP and the channels. */
MUST_CHECK bool api_start(const struct api_options *o, struct api **ret, struct err *e);
int api_port(const struct api *a);
/* HTTP first, then channels (waits for outstanding replies), both before workspace_close. */
void api_stop(struct api *a);
