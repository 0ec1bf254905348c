#include "cli/cmd_priv.h"

const struct command *const commands[] = {&cmd_init, &cmd_serve, &cmd_import, &cmd_check, &cmd_apply, &cmd_stages, &cmd_segment,
    &cmd_profile, &cmd_explain, &cmd_gap, &cmd_backtest, &cmd_sql, &cmd_export, &cmd_backup, &cmd_verify, &cmd_retention, NULL};
