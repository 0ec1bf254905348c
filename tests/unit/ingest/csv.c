#include "ingest/csv.h"
#include "tap.h"
#include "base/limits.h"
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>
#include <zlib.h>

static struct source *source;
static struct csv *csv;
static int file = -1;
static struct err error;

static void
end(void)
{
	csv_free(csv);
	source_close(source);
	if (file >= 0)
		close(file);
	csv = NULL;
	source = NULL;
	file = -1;
}

static void
begin(const void *bytes, size_t n, char delimiter)
{
	char path[64];
	struct csv_options o = {.delimiter = delimiter};
	end();
	file = memfd_create("test.csv", 0);
	if (file < 0 || write(file, bytes, n) != (ssize_t)n)
		TAP_FAIL("no memory file");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	if (!source_open(path, &source, &error))
		TAP_FAIL("%s", error.text);
	csv = csv_new(source, &o);
}

/* All rows as text: fields between bars, a line a row, "!line reason" for bad ones. */
static const char *
rows_of(const char *text, char delimiter)
{
	static char out[4096];
	struct csv_row row;
	bool over = false;
	size_t n = 0;
	begin(text, strlen(text), delimiter);
	while (csv_next(csv, &row, &over, &error) && !over) {
		if (row.bad)
			n += (size_t)snprintf(out + n, sizeof(out) - n, "!%d %s", (int)row.line, row.reason);
		for (uint32_t i = 0; !row.bad && i < row.n; i++)
			n += (size_t)snprintf(out + n, sizeof(out) - n, "%s%.*s", i ? "|" : "", STR_ARGS(row.cells[i]));
		n += (size_t)snprintf(out + n, sizeof(out) - n, "\n");
	}
	out[n] = '\0';
	end();
	return out;
}

TEST(fields_and_quotes)
{
	CHECK_CSTR(rows_of("a,b,c\n1,,3\r\n\"x,\"\"y\"\"\",\"two\r\nlines\",\n", 0), "a|b|c\n1||3\nx,\"y\"|two\r\nlines|\n");
	CHECK_CSTR(rows_of("a\n\n\n1", 0), "a\n1\n");
	CHECK_CSTR(rows_of("", 0), "");
}

TEST(the_delimiter_is_found_out)
{
	CHECK_CSTR(rows_of("a;b,c;d\n1;2;3\n", 0), "a|b,c|d\n1|2|3\n");
	CHECK_CSTR(rows_of("a\tb\n1\t2\n", 0), "a|b\n1|2\n");
	CHECK_CSTR(rows_of("  12 19970101   1   11.77\n 13 19970102 2 5\n", ' '), "12|19970101|1|11.77\n13|19970102|2|5\n");
}

TEST(marks_and_encodings)
{
	CHECK_CSTR(rows_of("\xef\xbb\xbfname\nK\xc3\xb6ln\nK\xf6ln\n", 0), "name\nKöln\nKöln\n");
}

TEST(an_open_quote_costs_its_line_only)
{
	CHECK_CSTR(rows_of("a,b\n1,\"open\n2,x\n3,y\n", 0), "a|b\n!2 a quote is opened and never closed\n2|x\n3|y\n");
}

TEST(limits_are_met)
{
	struct buf b = {0};
	struct csv_row row;
	bool over = false;
	for (int i = 0; i < LIMIT_CSV_COLUMNS; i++)
		buf_add_cstr(&b, i ? ",1" : "1");
	buf_add_cstr(&b, "\n1");
	for (int i = 0; i < LIMIT_CSV_COLUMNS; i++)
		buf_add_cstr(&b, ",1");
	buf_add_cstr(&b, "\n");
	for (int i = 0; i < LIMIT_CSV_ROW_BYTES + 10; i++)
		buf_add_char(&b, 'x');
	buf_add_cstr(&b, "\nend\n");
	begin(b.ptr, b.len, ',');
	CHECK(csv_next(csv, &row, &over, &error) && !row.bad && row.n == LIMIT_CSV_COLUMNS);
	CHECK(csv_next(csv, &row, &over, &error) && row.bad && row.line == 2);
	CHECK(csv_next(csv, &row, &over, &error) && row.bad && row.line == 3);
	CHECK(csv_next(csv, &row, &over, &error) && !row.bad && row.line == 4);
	CHECK(csv_next(csv, &row, &over, &error) && over);
	end();
	buf_release(&b);
}

TEST(packed_files_and_broken_ones)
{
	unsigned char packed[256];
	uLongf n = 0;
	struct csv_row row;
	bool over = false;
	z_stream z = {0};
	deflateInit2(&z, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY);
	z.next_in = (Bytef *)(uintptr_t) "a,b\n1,2\n";
	z.avail_in = 8;
	z.next_out = packed;
	z.avail_out = sizeof(packed);
	deflate(&z, Z_FINISH);
	n = z.total_out;
	deflateEnd(&z);
	begin(packed, n, 0);
	CHECK(csv_next(csv, &row, &over, &error) && row.n == 2);
	CHECK(csv_next(csv, &row, &over, &error) && !over);
	CHECK_STR(row.cells[1], "2");
	begin(packed, n - 6, 0);
	bool ok = true;
	for (int i = 0; i < 4 && ok && !over; i++)
		ok = csv_next(csv, &row, &over, &error);
	CHECK(!ok);
	end();
	CHECK(!source_open("/nowhere/at-all.csv", &source, &error));
	CHECK_INT(error.code, ERR_NOT_FOUND);
	source = NULL;
}
