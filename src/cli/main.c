#include "cli/cli.h"
#include "base/clock.h"
#include "base/map.h"
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

static void
write_all(void *self, int fd, const char *bytes, size_t n)
{
	(void)self;
	while (n) {
		ssize_t done = write(fd, bytes, n);
		if (done < 0 && errno != EINTR)
			_exit(fd == 1 && errno == EPIPE ? 0 : 1);   /* `perennial … | head` is no failure */
		if (done > 0)
			bytes += done, n -= (size_t)done;
	}
}

static int
terminal_columns(void)
{
	struct winsize size;
	return ioctl(1, TIOCGWINSZ, &size) == 0 && size.ws_col >= 40 ? size.ws_col : 100;
}

/* `--model race`: the next word belongs to the option. */
static bool
takes_next_word(const struct command *c, const char *word)
{
	for (const struct option *o = c->options; o && o->name; o++)
		if (str_eq(str_of(o->name), str_of(word + 2)))
			return o->value != NULL;
	return false;
}

/* The folder of a command line that wants a workspace, so that the process serving it can be asked. */
static const char *
folder_of(int argc, char **argv, const char *cwd, char *path)
{
	const struct command *c = argc > 1 ? command_find(argv[1]) : NULL;
	if (!c || !(c->needs & NEEDS_WORKSPACE) || (c->needs & NEEDS_LOCAL))
		return NULL;
	for (int i = 2; i < argc; i++) {
		if (str_eq(str_of(argv[i]), STR("--help")))
			return NULL;
		if (argv[i][0] == '-' && argv[i][1] == '-') {
			i += takes_next_word(c, argv[i]);
			continue;
		}
		if (argv[i][0] == '/')
			snprintf(path, PATH_MAX, "%s", argv[i]);
		else
			snprintf(path, PATH_MAX, "%s/%s", cwd, argv[i]);
		return path;
	}
	return NULL;
}

int
main(int argc, char **argv)
{
	char cwd[PATH_MAX / 2] = ".", path[PATH_MAX];
	uint8_t key[16];
	int code;
	signal(SIGPIPE, SIG_IGN);
	random_bytes(key, sizeof(key));
	hash_map_key_set(key);
	if (!getcwd(cwd, sizeof(cwd)))
		snprintf(cwd, sizeof(cwd), ".");
	struct sink out = {.write = write_all, .tty = isatty(1) && isatty(2), .columns = terminal_columns()};
	const char *dir = folder_of(argc, argv, cwd, path);
	if (dir && remote_ask(dir, argc, argv, &out, &code))
		return code;
	return command_run(argc, argv, cwd, &out, NULL);
}
