#include "ingest/source.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

enum { CHUNK = 256 * 1024 };
enum form { PLAIN, GZIP, ZSTD };

struct source {
	char path[512];                  /* for sentences */
	int fd;
	enum form form;
	uint64_t done, total;
	char *raw;                       /* compressed bytes, or the first ones of a plain file */
	size_t raw_len, raw_at;
	bool raw_end;
	bool whole;                      /* what was read so far is a whole packed file */
	z_stream gz;
	ZSTD_DStream *zstd;
};

static bool
fill(struct source *s, struct err *e)
{
	while (s->raw_at == s->raw_len && !s->raw_end) {
		ssize_t n = read(s->fd, s->raw, CHUNK);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail(e, ERR_IO, "cannot read %s: %s", s->path, strerror(errno));
		s->raw_end = n == 0;
		s->raw_len = (size_t)n;
		s->raw_at = 0;
		s->done += (uint64_t)n;
	}
	return true;
}

static void
tell_form(struct source *s)
{
	static const uint8_t gzip[] = {0x1F, 0x8B}, zstd[] = {0x28, 0xB5, 0x2F, 0xFD};
	if (s->raw_len >= 2 && !memcmp(s->raw, gzip, 2) && inflateInit2(&s->gz, 15 + 16) == Z_OK)
		s->form = GZIP;
	else if (s->raw_len >= 4 && !memcmp(s->raw, zstd, 4)) {
		s->form = ZSTD;
		s->zstd = ZSTD_createDStream();
	}
}

bool
source_open(const char *path, struct source **ret, struct err *e)
{
	struct source *s = mem_alloc(sizeof(*s));
	struct stat st;
	(void)snprintf(s->path, sizeof(s->path), "%s", path);
	s->raw = mem_alloc(CHUNK);
	s->fd = strcmp(path, "-") == 0 ? dup(0) : open(path, O_RDONLY | O_CLOEXEC);
	bool ok = s->fd >= 0 || fail(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "cannot open %s: %s", path, strerror(errno));
	if (ok && fstat(s->fd, &st) == 0 && S_ISDIR(st.st_mode))
		ok = fail(e, ERR_INVALID, "%s is a folder, not a file", path);
	else if (ok && S_ISREG(st.st_mode))
		s->total = (uint64_t)st.st_size;
	if (!ok || !fill(s, e)) {
		source_close(s);
		return false;
	}
	tell_form(s);
	*ret = s;
	return true;
}

void
source_close(struct source *s)
{
	if (!s)
		return;
	if (s->form == GZIP)
		inflateEnd(&s->gz);
	ZSTD_freeDStream(s->zstd);
	if (s->fd >= 0)
		close(s->fd);
	mem_free(s->raw);
	mem_free(s);
}

/* One step of decompression. *ret_made = bytes written to `to`. A .gz may be several, one after the other. */
static bool
step_gzip(struct source *s, char *to, size_t n, size_t *ret_made, struct err *e)
{
	size_t before = s->raw_at;
	s->gz.next_in = (Bytef *)s->raw + s->raw_at;
	s->gz.avail_in = (uInt)(s->raw_len - s->raw_at);
	s->gz.next_out = (Bytef *)to;
	s->gz.avail_out = (uInt)(n < CHUNK ? n : CHUNK);
	uInt room = s->gz.avail_out;
	int rc = inflate(&s->gz, Z_NO_FLUSH);
	s->raw_at = s->raw_len - s->gz.avail_in;
	*ret_made = room - s->gz.avail_out;
	s->whole = rc == Z_STREAM_END || (s->whole && s->gz.avail_in == s->raw_len - before);
	if (rc == Z_STREAM_END)
		rc = inflateReset(&s->gz);
	return rc == Z_OK || rc == Z_BUF_ERROR || fail(e, ERR_INVALID, "%s is a damaged .gz file", s->path);
}

static bool
step_zstd(struct source *s, char *to, size_t n, size_t *ret_made, struct err *e)
{
	ZSTD_inBuffer in = {s->raw + s->raw_at, s->raw_len - s->raw_at, 0};
	ZSTD_outBuffer out = {to, n, 0};
	size_t rc = ZSTD_decompressStream(s->zstd, &out, &in);
	s->raw_at += in.pos;
	*ret_made = out.pos;
	s->whole = rc == 0 || (s->whole && !in.pos);
	return !ZSTD_isError(rc) || fail(e, ERR_INVALID, "%s is a damaged .zst file", s->path);
}

bool
source_read(struct source *s, char *to, size_t n, size_t *ret_n, struct err *e)
{
	*ret_n = 0;
	while (*ret_n == 0 && n) {
		if (!fill(s, e))
			return false;
		if (s->raw_at == s->raw_len && s->form == PLAIN)
			return true;
		if (s->form == PLAIN) {
			size_t part = s->raw_len - s->raw_at < n ? s->raw_len - s->raw_at : n;
			memcpy(to, s->raw + s->raw_at, part);
			s->raw_at += part;
			*ret_n = part;
			return true;
		}
		bool at_end = s->raw_at == s->raw_len;
		if (!(s->form == GZIP ? step_gzip(s, to, n, ret_n, e) : step_zstd(s, to, n, ret_n, e)))
			return false;
		if (at_end && *ret_n == 0)
			return s->whole || fail(e, ERR_INVALID, "%s ends too early: it is not whole", s->path);
	}
	return true;
}

void
source_progress(const struct source *s, uint64_t *ret_done, uint64_t *ret_total)
{
	*ret_done = s->done;
	*ret_total = s->total;
}
