#include "cli/cmd_priv.h"
#include <sys/stat.h>

static int
run(const struct invocation *in)
{
	struct arena a;
	struct err e;
	struct stat st;
	struct buf json = {0};
	arena_init(&a);
	const char *file = path_of(in, &a, in->arguments[0]);
	int code = 0;
	if (stat(file, &st) == 0) {
		tell(in, "perennial: %s is there already; a backup never overwrites\n", file);
		code = 1;
	} else if (!workspace_backup(in->dir, file, &e)) {
		code = refuse(in, &e);
	} else if (stat(file, &st) == 0 && in->json) {
		struct json_writer w = json_writer_on(&json);
		jw_object(&w);
		jw_kstr(&w, "file", str_of(file));
		jw_kint(&w, "bytes", (int64_t)st.st_size);
		jw_object_end(&w);
		say_json(in, &json);
	} else {
		say(in, "Wrote %s (%s bytes): one consistent database.\n", file, with_commas((uint64_t)st.st_size));
	}
	buf_release(&json);
	arena_clear(&a);
	return code;
}

const struct command cmd_backup = {
    .name = "backup",
    .arguments = "DIR FILE",
    .summary = "writes a consistent copy while the workspace runs",
    .help = "Writes one SQLite file with everything as of one instant, also while a process serves the workspace. To restore, put it\n"
	    "into an empty folder as perennial.db, with the folder's keys and program beside it; sending is then held until you\n"
	    "choose, since the copy does not know what went out after it was made.\n\n  perennial backup shop shop-2026-11-25.db",
    .needs = NEEDS_FOLDER,
    .min_arguments = 2,
    .max_arguments = 2,
    .run = run,
};
