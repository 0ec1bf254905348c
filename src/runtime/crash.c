/* crash.c -- what was at hand when the process died is written to DIR/crash/; what is found there twice is refused. */
#include "runtime/runtime_priv.h"
#include "base/clock.h"
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { REPORTS_MAX = 1000 };

/* The workspace whose fold thread may crash; one a process in service, the latest opened in tests. */
static struct workspace *watched;

/* Runs while the process dies: no memory is taken, no lock. */
static void
write_report(const char *description, const char *note)
{
	struct workspace *w = watched;
	const struct entry *en = w ? w->at_hand : NULL;
	char path[4096], text[1024];
	if (!en)
		return;
	snprintf(path, sizeof(path), "%s/crash/%lld-%ld.txt", w->dir, (long long)clock_wall().ms, (long)getpid());
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return;
	int n = snprintf(text, sizeof(text), "fingerprint %016llx\nseq %llu\nkind %s\nname %.*s\nprofile %u\nwhat %s\nnote %s\n",
	    (unsigned long long)entry_fingerprint(w, en), (unsigned long long)en->seq, entry_kind_name(en->kind), (int)(en->name.len > 100 ? 100 : en->name.len),
	    en->name.ptr ? en->name.ptr : "", en->profile, description, note);
	ssize_t ignored = write(fd, text, n < (int)sizeof(text) ? (size_t)n : sizeof(text) - 1);
	(void)ignored;
	fsync(fd);
	close(fd);
}

void
crash_report_on(struct workspace *w)
{
	watched = w;
	crash_handler_set(write_report);
}

void
crash_report_off(void)
{
	crash_handler_set(NULL);
	watched = NULL;
}

static bool
read_fingerprint(const char *dir, const char *name, uint64_t *ret)
{
	char path[4352], line[64] = "";
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	FILE *f = fopen(path, "re");
	if (!f)
		return false;
	bool ok = fgets(line, sizeof(line), f) && !strncmp(line, "fingerprint ", 12);
	if (ok)
		*ret = strtoull(line + 12, NULL, 16);
	fclose(f);
	return ok && *ret;
}

bool
crash_reports_read(struct workspace *w, struct err *e)
{
	char dir[4096];
	VEC(uint64_t) seen = {0};
	if ((size_t)snprintf(dir, sizeof(dir), "%s/crash", w->dir) >= sizeof(dir))
		return fail(e, ERR_INVALID, "the path of the workspace is too long");
	mkdir(dir, 0700);
	DIR *d = opendir(dir);
	struct dirent *f;
	while (d && (f = readdir(d)) && seen.len < REPORTS_MAX) {
		uint64_t print;
		bool twice = false;
		if (!read_fingerprint(dir, f->d_name, &print))
			continue;
		for (size_t i = 0; i < seen.len; i++)
			twice |= seen.items[i] == print;
		if (twice)
			*vec_push(&w->poison) = print;
		*vec_push(&seen) = print;
	}
	if (d)
		closedir(d);
	vec_release(&seen);
	return true;
}
