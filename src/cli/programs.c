/* Documents in folders and the ones that are built in. */
#include "cli/cli.h"
#include "base/limits.h"
#include "program/embedded.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---------------------------------------------------------------- files */

bool
file_read(struct arena *a, const char *path, size_t most, struct str *ret, struct err *e)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) != 0) {
		int why = errno;
		if (fd >= 0)
			close(fd);
		return fail(e, why == ENOENT ? ERR_NOT_FOUND : ERR_IO, "cannot read %s: %s", path, strerror(why));
	}
	if (!S_ISREG(st.st_mode) || (uint64_t)st.st_size > most) {
		close(fd);
		return S_ISREG(st.st_mode) ? fail(e, ERR_TOO_LARGE, "%s has more than %zu bytes", path, most)
					   : fail(e, ERR_INVALID, "%s is not a file", path);
	}
	char *bytes = arena_alloc(a, (size_t)st.st_size + 1);
	size_t n = 0;
	for (ssize_t got; n < (size_t)st.st_size && (got = read(fd, bytes + n, (size_t)st.st_size - n)) > 0;)
		n += (size_t)got;
	close(fd);
	*ret = (struct str){bytes, n};
	return true;
}

static bool
make_folders(const char *path, struct err *e)
{
	char part[4096];
	for (size_t i = 1; path[i]; i++) {
		if (path[i] != '/')
			continue;
		snprintf(part, sizeof(part), "%.*s", (int)i, path);
		if (mkdir(part, 0777) != 0 && errno != EEXIST)
			return fail(e, ERR_IO, "cannot make the folder %s: %s", part, strerror(errno));
	}
	return true;
}

bool
file_write(const char *path, struct str bytes, struct err *e)
{
	if (!make_folders(path, e))
		return false;
	FILE *to = fopen(path, "we");
	bool ok = to && fwrite(bytes.ptr ? bytes.ptr : "", 1, bytes.len, to) == bytes.len;
	if (to && fclose(to) != 0)
		ok = false;
	return ok || fail(e, ERR_IO, "cannot write %s: %s", path, strerror(errno));
}

/* ---------------------------------------------------------------- folders of documents */

typedef VEC(struct program_file) file_list;

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool read_folder(struct arena *a, const char *root, const char *below, file_list *files, size_t *bytes, int depth, struct err *e);

static bool
read_one(struct arena *a, const char *root, const char *path, file_list *files, size_t *bytes, int depth, struct err *e)
{
	const char *whole = arena_printf(a, "%s/%s", root, path).ptr;
	struct stat st;
	struct str text;
	if (stat(whole, &st) != 0)
		return fail(e, ERR_IO, "cannot look at %s: %s", whole, strerror(errno));
	if (S_ISDIR(st.st_mode))
		return read_folder(a, root, path, files, bytes, depth + 1, e);
	*bytes += (size_t)st.st_size;
	if (*bytes > LIMIT_PROGRAM_BYTES)
		return fail(e, ERR_TOO_LARGE, "the documents in %s have more than %d bytes", root, LIMIT_PROGRAM_BYTES);
	if (!file_read(a, whole, LIMIT_PROGRAM_BYTES, &text, e))
		return false;
	*vec_push(files) = (struct program_file){str_of(path), text};
	return true;
}

static bool
read_folder(struct arena *a, const char *root, const char *below, file_list *files, size_t *bytes, int depth, struct err *e)
{
	const char *path = below[0] ? arena_printf(a, "%s/%s", root, below).ptr : root;
	VEC(const char *) names = {0};
	if (depth > 8)
		return fail(e, ERR_LIMIT, "%s: folders of a program nest eight deep at most", path);
	DIR *d = opendir(path);
	if (!d)
		return fail(e, ERR_NOT_FOUND, "cannot open the folder %s: %s", path, strerror(errno));
	for (struct dirent *entry; (entry = readdir(d));)
		if (entry->d_name[0] != '.')
			*vec_push(&names) = arena_cstr(a, str_of(entry->d_name));
	closedir(d);
	if (names.len)
		qsort(names.items, names.len, sizeof(*names.items), by_name);
	bool ok = true;
	for (size_t i = 0; i < names.len && ok; i++)
		ok = read_one(a, root, below[0] ? arena_printf(a, "%s/%s", below, names.items[i]).ptr : names.items[i], files, bytes,
		    depth, e);
	vec_release(&names);
	return ok;
}

static void
move_files(struct arena *a, file_list *files, struct program_file **ret, size_t *ret_n)
{
	*ret = arena_array(a, struct program_file, files->len + 1);
	if (files->len)
		memcpy(*ret, files->items, files->len * sizeof(**ret));
	*ret_n = files->len;
	vec_release(files);
}

bool
documents_read(struct arena *a, const char *folder, struct program_file **ret, size_t *ret_n, struct err *e)
{
	file_list files = {0};
	size_t bytes = 0;
	if (!read_folder(a, folder, "", &files, &bytes, 0, e)) {
		vec_release(&files);
		return false;
	}
	move_files(a, &files, ret, ret_n);
	return true;
}

/* ---------------------------------------------------------------- what is built in */

static void
take_embedded(struct arena *a, const char *below, const char *as, file_list *files)
{
	for (size_t i = 0; i < n_embedded_files; i++) {
		const struct embedded_file *f = &embedded_files[i];
		if (str_starts(str_of(f->path), str_of(below)))
			*vec_push(files) = (struct program_file){arena_printf(a, "%s%s", as, f->path + strlen(below)),
			    {f->bytes, f->len}};
	}
}

bool
starter_documents(struct arena *a, const char *name, struct program_file **ret, size_t *ret_n, struct err *e)
{
	file_list files = {0};
	take_embedded(a, arena_printf(a, "%s/", name).ptr, "", &files);
	if (!files.len)
		return fail(e, ERR_NOT_FOUND, "there is no starter program %s; there are retail, saas and b2b", name);
	take_embedded(a, "lifecycle/", "lifecycle/", &files);
	take_embedded(a, "partials/", "templates/partials/", &files);
	move_files(a, &files, ret, ret_n);
	return true;
}

struct str
shipped_activities(void)
{
	for (size_t i = 0; i < n_embedded_files; i++)
		if (str_eq(str_of(embedded_files[i].path), STR("activities.tsv")))
			return (struct str){embedded_files[i].bytes, embedded_files[i].len};
	return (struct str){NULL, 0};
}

void
shipped_shadows(struct arena *a, const struct program_file **ret, size_t *ret_n)
{
	file_list files = {0};
	struct program_file *made;
	take_embedded(a, "retail/journeys/", "retail/journeys/", &files);
	take_embedded(a, "saas/journeys/", "saas/journeys/", &files);
	take_embedded(a, "b2b/journeys/", "b2b/journeys/", &files);
	move_files(a, &files, &made, ret_n);
	*ret = made;
}

/* A folder without lifecycle/ or templates/partials/ gets those that are built in, as a starter has them. */
static void
add_shipped(struct arena *a, const char *below, const char *as, struct program_file **files, size_t *n)
{
	file_list all = {0};
	for (size_t i = 0; i < *n; i++) {
		if (str_starts((*files)[i].path, str_of(as))) {
			vec_release(&all);
			return;
		}
		*vec_push(&all) = (*files)[i];
	}
	take_embedded(a, below, as, &all);
	move_files(a, &all, files, n);
}

bool
program_read(const char *folder, struct tz_set *zones, problem_list *problems, struct program **ret, struct err *e)
{
	struct arena a;
	struct program_file *files;
	const struct program_file *shadows;
	size_t n, n_shadows;
	arena_init(&a);
	bool ok = documents_read(&a, folder, &files, &n, e);
	if (ok) {
		add_shipped(&a, "lifecycle/", "lifecycle/", &files, &n);
		add_shipped(&a, "partials/", "templates/partials/", &files, &n);
		shipped_shadows(&a, &shadows, &n_shadows);
		ok = program_make(files, n, zones, shipped_activities(), shadows, n_shadows, problems, ret) ||
		     fail(e, ERR_INVALID, "the program in %s is not right; nothing was changed", folder);
	}
	arena_clear(&a);
	return ok;
}

struct program *
program_load(const struct invocation *in, const char *folder, struct tz_set *zones)
{
	struct err e;
	struct program *p = NULL;
	problem_list problems = {0};
	bool ok = program_read(folder, zones, &problems, &p, &e);
	for (size_t i = 0; i < problems.len; i++) {
		char text[1024];
		tell(in, "%s%s\n", problems.items[i].warning ? "warning: " : "", err_format(&problems.items[i].err, text, sizeof(text)));
	}
	vec_release(&problems);
	if (!ok)
		refuse(in, &e);
	return ok ? p : NULL;
}
