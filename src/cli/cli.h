/* cli.h -- the command line: a table of commands, one file each.
 *
 * A command is told what the person typed (struct invocation) and writes through a sink, so the same code runs in two
 * places: in this process, when nobody serves the workspace; or inside the serving process, which a client asks through
 * DIR/perennial.sock (remote.c). Exit codes: 0 done, 1 refused with a sentence, 2 wrong usage. */
#pragma once
#include "base/json.h"
#include "runtime/runtime.h"

enum { OPTIONS_MAX = 16, ARGUMENTS_MAX = 4096 };

/* Where output goes. fd: 1 results, 2 progress and errors. */
struct sink {
	void *self;
	void (*write)(void *self, int fd, const char *bytes, size_t n);
	bool tty;                /* stdout is a terminal */
	int columns;             /* its width, 100 when unknown */
};

/* Needs of a command. */
enum command_needs {
	NEEDS_NOTHING = 0,
	NEEDS_FOLDER = 1,        /* the first argument is a workspace's folder; it must be one */
	NEEDS_WORKSPACE = 2,     /* … and is opened (or the serving process asked) */
	NEEDS_LOCAL = 4,         /* never asked of a serving process */
};
struct option {
	const char *name;        /* "model"; given as --model X or --model=X */
	const char *value;       /* "NAME"; NULL = a flag */
	const char *help;
};
struct invocation;
struct command {
	const char *name, *arguments, *summary;
	const char *help;        /* what it does, in sentences, with an example */
	unsigned needs;
	int min_arguments, max_arguments;     /* the folder included */
	const struct option *options;         /* up to a NULL name; --json and --help are everybody's */
	int (*run)(const struct invocation *in);
};

struct invocation {
	const struct command *command;
	struct sink *out;
	const char *cwd;         /* of the person; relative paths are meant from there */
	const char *dir;         /* the workspace's folder, absolute; NULL when the command needs none */
	struct workspace *workspace;          /* open; NULL unless NEEDS_WORKSPACE */
	const char *const *arguments;         /* those after the folder */
	int n_arguments;
	struct { const char *name, *value; } given[OPTIONS_MAX];
	int n_given;
	bool json;
};

extern const struct command *const commands[];   /* up to NULL, in the order of help */
const struct command *command_find(const char *name);

/* The value of an option, "" for a flag that was given, NULL when not given. */
const char *option_value(const struct invocation *in, const char *name);
/* A path as the person meant it, absolute. */
const char *path_of(const struct invocation *in, struct arena *a, const char *given);

/* ---------------------------------------------------------------- saying things (say.c) */

void say(const struct invocation *in, const char *format, ...) PRINTF(2, 3);
void say_str(const struct invocation *in, struct str text);
/* To the side of errors and progress. */
void tell(const struct invocation *in, const char *format, ...) PRINTF(2, 3);
/* The error as a sentence with its place; returns 1, so that `return refuse(in, &e);` ends a command. */
int refuse(const struct invocation *in, const struct err *e);
/* A heading, underlined on terminals. */
void say_heading(const struct invocation *in, const char *format, ...) PRINTF(2, 3);
/* Writes what a JSON writer made, with a line end. */
void say_json(const struct invocation *in, struct buf *json);

/* One line that is rewritten on a terminal, a line every few seconds elsewhere. total 0 = unknown. */
struct progress {
	const struct invocation *in;
	const char *what;
	int64_t last_ns;
	bool shown;
};
void progress_show(struct progress *p, const char *what, uint64_t done, uint64_t total);
void progress_end(struct progress *p);
/* As the callbacks of runtime.h want it; self is a struct progress. */
void progress_named(void *self, const char *what, uint64_t done, uint64_t total);
void progress_plain(void *self, uint64_t done, uint64_t total);

/* A table with aligned columns: add cells row by row; figures go to the right. */
struct table {
	struct arena arena;
	uint32_t columns;
	bool fit;                /* long texts are cut, with an ellipsis, so that a row fits the screen */
	VEC(struct str) cells;
};
void table_init(struct table *t, uint32_t columns);
void table_cell(struct table *t, const char *format, ...) PRINTF(2, 3);
void table_str(struct table *t, struct str s);
/* 12,345 */
void table_count(struct table *t, uint64_t n);
/* Writes and releases; the first row is the heading. */
void table_say(const struct invocation *in, struct table *t);
void table_release(struct table *t);
/* "12,345" in a rotating buffer of this thread. */
const char *with_commas(uint64_t n);

/* ---------------------------------------------------------------- files and programs (programs.c) */

/* All documents below a folder, paths relative to it, in order; texts in the arena. */
MUST_CHECK bool documents_read(struct arena *a, const char *folder, struct program_file **ret, size_t *ret_n, struct err *e);
/* The documents of a starter program: "retail", "saas", "b2b". */
MUST_CHECK bool starter_documents(struct arena *a, const char *name, struct program_file **ret, size_t *ret_n, struct err *e);
struct str shipped_activities(void);
void shipped_shadows(struct arena *a, const struct program_file **ret, size_t *ret_n);
/* Reads and makes the program in a folder; problems (warnings too) are listed. */
MUST_CHECK bool program_read(const char *folder, struct tz_set *zones, problem_list *problems, struct program **ret, struct err *e);
/* The same, printing every problem with its place. NULL when it is not right. */
struct program *program_load(const struct invocation *in, const char *folder, struct tz_set *zones);
MUST_CHECK bool file_read(struct arena *a, const char *path, size_t most, struct str *ret, struct err *e);
MUST_CHECK bool file_write(const char *path, struct str bytes, struct err *e);

/* ---------------------------------------------------------------- a serving process (remote.c) */

/* Asks the process that serves DIR. False when nobody listens there; else *ret_exit is the command's. */
bool remote_ask(const char *dir, int argc, char **argv, struct sink *out, int *ret_exit);
/* Listens on DIR/perennial.sock and runs what is asked, a thread each, until remote_stop. */
struct remote;
MUST_CHECK bool remote_start(struct workspace *w, struct remote **ret, struct err *e);
void remote_stop(struct remote *r);
/* Runs a command line in this process; w: the open workspace of the folder it names, or NULL. */
int command_run(int argc, char **argv, const char *cwd, struct sink *out, struct workspace *w);
