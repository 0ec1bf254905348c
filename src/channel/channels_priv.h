/* channels_priv.h -- the drivers that this program has, ended by NULL (drivers.c). */
#pragma once
#include "channel/channel.h"

extern const struct channel_driver *const channel_drivers[];
