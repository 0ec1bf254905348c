/* The stories of tests/stories, told against the retail program. */
#include "starter.h"
#include <dirent.h>
#include <stdlib.h>

static struct str
read_all(struct arena *a, const char *path)
{
	char chunk[4096];
	struct buf b = {0};
	FILE *f = fopen(path, "rb");
	size_t n;
	if (!f)
		return (struct str){0};
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		buf_add(&b, chunk, n);
	(void)fclose(f);
	struct str r = arena_str(a, buf_str(&b));
	buf_release(&b);
	return r;
}

static int
is_story(const struct dirent *e)
{
	return str_ends(str_of(e->d_name), STR(".story"));
}

static void
tell_file(struct starter *s, const char *name)
{
	const char *path = arena_cstr(&s->a, arena_printf(&s->a, "tests/stories/%s", name));
	struct buf report = {0};
	struct err e = {0};
	char text[1024];
	struct str story = read_all(&s->a, path);
	CHECK(story.len > 0);
	if (!tell_story(&s->options, s->p, path, story, &report, &e))
		TAP_FAIL("%s", err_format(&e, text, sizeof(text)));
	for (struct str rest = buf_str(&report); rest.len;) {
		struct str line = str_cut(&rest, '\n');
		printf("# %s: %.*s\n", name, STR_ARGS(line));
	}
	buf_release(&report);
}

TEST(every_story_holds)
{
	struct starter s;
	struct dirent **list;
	NEED(starter_open(&s, "retail", false));
	int n = scandir("tests/stories", &list, is_story, alphasort);
	CHECK(n > 0);
	for (int i = 0; i < n; i++) {
		tell_file(&s, list[i]->d_name);
		free(list[i]);
	}
	if (n >= 0)
		free(list);
	starter_close(&s);
}

static void
refuse(struct starter *s, const char *story, const char *says)
{
	struct buf report = {0};
	struct err e = {0};
	CHECK(!tell_story(&s->options, s->p, "x.story", str_of(story), &report, &e));
	if (!strstr(e.text, says))
		TAP_FAIL("'%s' does not say '%s'", e.text, says);
	buf_release(&report);
}

TEST(what_is_no_sentence_is_said_with_its_line)
{
	struct starter s;
	NEED(starter_open(&s, "retail", false));
	refuse(&s, "story \"x\"\ndance anna\n", "no sentence");
	refuse(&s, "advance 1h\n", "a story begins with");
	refuse(&s, "story \"x\"\nperson anna like nobody_at_all\n", "nobody called");
	refuse(&s, "story \"x\"\nperson anna like aino\nat 2026-01-05 10:00 track bert \"Order Completed\"\n", "nobody is called so");
	refuse(&s, "story \"x\"\nperson anna like aino\nat 2026-01-05 10:00\nat 2026-01-04 10:00\n", "time does not go back");
	refuse(&s, "story \"x\"\nperson anna like aino\nat 2026-01-05 10:00 page anna\nexpect email \"welcome_hello\" to anna\n", "was expected");
	starter_close(&s);
}
