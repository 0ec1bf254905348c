/* Runs a fuzz target over its corpus, one TAP line a file: what once broke stays mended. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
run(const char *path)
{
	FILE *f = fopen(path, "rb");
	size_t n = 0, cap = 1u << 20;
	/* Of the exact size, so that a sanitizer sees every byte read past the end. */
	uint8_t *bytes = malloc(cap);
	if (f && bytes)
		n = fread(bytes, 1, cap, f);
	uint8_t *exact = malloc(n ? n : 1);
	if (bytes && exact) {
		memcpy(exact, bytes, n);
		(void)LLVMFuzzerTestOneInput(exact, n);
	}
	free(bytes);
	free(exact);
	if (f)
		fclose(f);
}

int
main(int argc, char **argv)
{
	int n = 0;
	char path[4096];
	for (int i = 1; i < argc; i++) {
		DIR *d = opendir(argv[i]);
		for (struct dirent *e; d && (e = readdir(d));) {
			if (e->d_name[0] == '.')
				continue;
			(void)snprintf(path, sizeof(path), "%.3000s/%.255s", argv[i], e->d_name);
			run(path);
			printf("ok %d - %s\n", ++n, e->d_name);
			fflush(stdout);
		}
		if (d)
			closedir(d);
	}
	printf("1..%d%s\n", n, n ? "" : " # SKIP no corpus");
	return 0;
}
