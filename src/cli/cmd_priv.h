/* cmd_priv.h -- the commands, one file each. Private to cli. */
#pragma once
#include "cli/cli.h"

extern const struct command cmd_init, cmd_serve, cmd_import, cmd_check, cmd_apply, cmd_stages, cmd_segment, cmd_profile, cmd_explain,
    cmd_gap, cmd_backtest, cmd_sql, cmd_export, cmd_backup, cmd_verify, cmd_retention;

/* Texts of JSON that the engine wrote, for printing. */
struct str text_at(const struct json *j, const char *path);
/* "2026-03-02 17:04" of an ISO time; anything else as it is. */
struct str short_time(struct arena *a, struct str iso);
