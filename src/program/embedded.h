/* embedded.h -- the starter programs, the maps and the activity catalogue that the binary carries: programs/, put in by
 * programs/embed.py. A starter program is what lies below its folder ("retail/…"), the models of lifecycle/, and
 * partials/ as templates/partials/. */
#pragma once
#include "base/base.h"

struct embedded_file {
	const char *path;    /* below programs/: "retail/journeys/welcome.yaml", "lifecycle/race.yaml", "activities.tsv" */
	const char *bytes;
	size_t len;
};
/* In order of their paths' bytes. */
extern const struct embedded_file embedded_files[];
extern const size_t n_embedded_files;
