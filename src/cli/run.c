/* From a command line to a command: options, help, the workspace. */
#include "cli/cli.h"
#include "base/clock.h"
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

const struct command *
command_find(const char *name)
{
	for (size_t i = 0; commands[i]; i++)
		if (str_eq(str_of(commands[i]->name), str_of(name)))
			return commands[i];
	return NULL;
}

const char *
option_value(const struct invocation *in, const char *name)
{
	for (int i = 0; i < in->n_given; i++)
		if (str_eq(str_of(in->given[i].name), str_of(name)))
			return in->given[i].value ? in->given[i].value : "";
	return NULL;
}

const char *
path_of(const struct invocation *in, struct arena *a, const char *given)
{
	if (given[0] == '/' || !in->cwd)
		return arena_cstr(a, str_of(given));
	return arena_printf(a, "%s/%s", in->cwd, given).ptr;
}

/* ---------------------------------------------------------------- help */

static void
help_all(const struct invocation *in)
{
	say(in, "Perennial: the always-on conversation with customers.\n\nusage: perennial <command> <workspace> …\n\n");
	for (size_t i = 0; commands[i]; i++)
		say(in, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
	say(in, "\nEvery command has --help with an example, and --json.\n"
		"Exit codes: 0 done, 1 refused with a sentence that says what to do, 2 wrong usage.\n");
}

static void
help_one(const struct invocation *in)
{
	const struct command *c = in->command;
	say(in, "usage: perennial %s %s\n\n%s\n", c->name, c->arguments, c->help);
	say(in, "\noptions:\n");
	for (const struct option *o = c->options; o && o->name; o++) {
		char left[64];
		snprintf(left, sizeof(left), "--%s%s%s", o->name, o->value ? " " : "", o->value ? o->value : "");
		say(in, "  %-24s %s\n", left, o->help);
	}
	say(in, "  %-24s %s\n  %-24s %s\n", "--json", "the result as JSON", "--help", "this text");
}

static int
usage(const struct invocation *in, const char *problem, const char *what)
{
	tell(in, "perennial %s: %s%s\nusage: perennial %s %s\n       perennial %s --help says more\n", in->command->name, problem,
	    what, in->command->name, in->command->arguments, in->command->name);
	return 2;
}

/* ---------------------------------------------------------------- options */

static const struct option *
option_find(const struct command *c, struct str name)
{
	static const struct option general[] = {{"json", NULL, ""}, {"help", NULL, ""}, {NULL, NULL, NULL}};
	for (const struct option *o = c->options; o && o->name; o++)
		if (str_eq(str_of(o->name), name))
			return o;
	for (const struct option *o = general; o->name; o++)
		if (str_eq(str_of(o->name), name))
			return o;
	return NULL;
}

struct words {
	const char *free[ARGUMENTS_MAX];
	int n;
	bool help;
};

/* 0, or the exit code of wrong usage. */
static int
take_option(struct invocation *in, struct words *w, int argc, char **argv, int *i)
{
	struct str rest = str_of(argv[*i] + 2);
	bool with_value = str_find_char(rest, '=', 0) != SIZE_MAX;
	const struct option *o = option_find(in->command, str_cut(&rest, '='));
	if (!o)
		return usage(in, "there is no option ", argv[*i]);
	const char *value = with_value ? rest.ptr : NULL;
	if (!o->value && value)
		return usage(in, "this option takes no value: ", argv[*i]);
	if (o->value && !value) {
		if (*i + 1 >= argc)
			return usage(in, "this option wants a value: ", argv[*i]);
		value = argv[++*i];
	}
	if (str_eq(str_of(o->name), STR("help")))
		w->help = true;
	else if (str_eq(str_of(o->name), STR("json")))
		in->json = true;
	else if (in->n_given == OPTIONS_MAX)
		return usage(in, "too many options", "");
	else {
		in->given[in->n_given].name = o->name;
		in->given[in->n_given++].value = value;
	}
	return 0;
}

static int
take_words(struct invocation *in, struct words *w, int argc, char **argv)
{
	bool only_words = false;
	for (int i = 2; i < argc; i++) {
		if (!only_words && str_eq(str_of(argv[i]), STR("--"))) {
			only_words = true;
		} else if (!only_words && argv[i][0] == '-' && argv[i][1] == '-') {
			int bad = take_option(in, w, argc, argv, &i);
			if (bad)
				return bad;
		} else if (w->n == ARGUMENTS_MAX) {
			return usage(in, "too many arguments", "");
		} else {
			w->free[w->n++] = argv[i];
		}
	}
	return 0;
}

/* ---------------------------------------------------------------- the workspace */

static bool
is_workspace(const char *dir)
{
	char path[4096];
	struct stat st;
	snprintf(path, sizeof(path), "%s/perennial.db", dir);
	return stat(path, &st) == 0;
}

static int
run_with_workspace(struct invocation *in)
{
	struct err e;
	struct arena a;
	struct progress progress = {.in = in};
	struct workspace_options o = {.dir = in->dir, .no_sending = true, .activities_tsv = shipped_activities(),
	    .progress = progress_named, .progress_self = &progress};
	arena_init(&a);
	shipped_shadows(&a, &o.shadow_files, &o.n_shadow);
	if (!workspace_open(&o, &in->workspace, &e)) {
		arena_clear(&a);
		return refuse(in, &e);
	}
	progress_end(&progress);
	int code = in->command->run(in);
	workspace_close(in->workspace);
	arena_clear(&a);
	return code;
}

static int
run_words(struct invocation *in, struct words *w, struct workspace *open, struct arena *a)
{
	const struct command *c = in->command;
	if (w->n < c->min_arguments)
		return usage(in, w->n || c->min_arguments < 2 ? "an argument is missing" : "arguments are missing", "");
	if (w->n > c->max_arguments)
		return usage(in, "one argument too many: ", w->free[c->max_arguments]);
	in->arguments = w->free;
	in->n_arguments = w->n;
	if (c->needs & (NEEDS_FOLDER | NEEDS_WORKSPACE)) {
		in->dir = path_of(in, a, w->free[0]);
		in->arguments++;
		in->n_arguments--;
		if (!is_workspace(in->dir)) {
			tell(in, "perennial: %s is no workspace; `perennial init %s` makes one\n", w->free[0], w->free[0]);
			return 1;
		}
	}
	if (!(c->needs & NEEDS_WORKSPACE))
		return c->run(in);
	if (open) {
		in->workspace = open;
		return c->run(in);
	}
	return run_with_workspace(in);
}

int
command_run(int argc, char **argv, const char *cwd, struct sink *out, struct workspace *w)
{
	struct invocation in = {.out = out, .cwd = cwd};
	if (argc < 2 || str_eq(str_of(argv[1]), STR("help")) || str_eq(str_of(argv[1]), STR("--help"))) {
		in.command = argc > 2 ? command_find(argv[2]) : NULL;
		if (in.command)
			help_one(&in);
		else
			help_all(&in);
		return argc < 2 ? 2 : 0;
	}
	in.command = command_find(argv[1]);
	if (!in.command) {
		tell(&in, "perennial: there is no command %s; `perennial help` lists them\n", argv[1]);
		return 2;
	}
	struct arena a;
	struct words *words = mem_alloc(sizeof(*words));
	arena_init(&a);
	int code = take_words(&in, words, argc, argv);
	if (!code && words->help)
		help_one(&in);
	else if (!code)
		code = run_words(&in, words, w, &a);
	arena_clear(&a);
	mem_free(words);
	return code;
}
