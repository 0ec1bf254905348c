#include "channel/channels_priv.h"

const struct channel_driver *const channel_drivers[] = {
    &channel_email,
    NULL,
};
