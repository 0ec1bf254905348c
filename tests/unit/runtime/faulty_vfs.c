#include "faulty_vfs.h"
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SECTOR = 512, FILES = 16 };

/* A file as its handles see it; `dirty` marks sectors that the disk does not have yet. Shared by all handles of a path. */
struct image {
	char path[512];
	uint8_t *bytes, *dirty;
	int64_t size, cap;
	int users;
};
struct handle {
	sqlite3_file base;
	sqlite3_file *real;      /* behind this struct */
	struct image *image;
	int writable;
};

static struct {
	sqlite3_vfs *real, vfs;
	pthread_mutex_t mutex;
	enum fault fault;
	uint64_t at, calls, random;
	int broken;
	struct image images[FILES];
	struct handle *handles[FILES];
} fs = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static uint32_t
dice(uint32_t sides)
{
	fs.random = fs.random * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(fs.random >> 33) % sides;
}

static void
grow(struct image *im, int64_t size)
{
	if (size > im->cap) {
		int64_t cap = im->cap ? im->cap : 1 << 20;
		while (cap < size)
			cap *= 2;
		im->bytes = realloc(im->bytes, (size_t)cap);
		im->dirty = realloc(im->dirty, (size_t)(cap / SECTOR));
		memset(im->bytes + im->cap, 0, (size_t)(cap - im->cap));
		memset(im->dirty + im->cap / SECTOR, 0, (size_t)((cap - im->cap) / SECTOR));
		im->cap = cap;
	}
	if (size > im->size)
		im->size = size;
}

static sqlite3_file *
real_of(struct image *im)
{
	for (int i = 0; i < FILES; i++)
		if (fs.handles[i] && fs.handles[i]->image == im && fs.handles[i]->writable)
			return fs.handles[i]->real;
	return NULL;
}

/* Dirty sectors to the disk; some_only: each with a chance of one half, in random places torn. */
static int
flush(struct image *im, int some_only)
{
	sqlite3_file *real = real_of(im);
	for (int64_t s = 0; real && s * SECTOR < im->size; s++) {
		if (!im->dirty[s] || (some_only && dice(2)))
			continue;
		int64_t n = im->size - s * SECTOR < SECTOR ? im->size - s * SECTOR : SECTOR;
		int rc = real->pMethods->xWrite(real, im->bytes + s * SECTOR, (int)n, s * SECTOR);
		if (rc != SQLITE_OK)
			return rc;
		im->dirty[s] = 0;
	}
	return SQLITE_OK;
}

/* Counts; at the n-th call the fault strikes. Mutex held. */
static int
strike(void)
{
	if (fs.broken)
		return fs.broken;
	if (++fs.calls != fs.at || fs.fault == FAULT_NONE)
		return SQLITE_OK;
	if (fs.fault == FAULT_POWER) {
		for (int i = 0; i < FILES; i++)
			if (fs.images[i].users)
				flush(&fs.images[i], 1);
		kill(getpid(), SIGKILL);
		pause();
	}
	fs.broken = fs.fault == FAULT_FULL ? SQLITE_FULL : SQLITE_IOERR_WRITE;
	return fs.broken;
}

static int
file_close(sqlite3_file *f)
{
	struct handle *h = (struct handle *)f;
	pthread_mutex_lock(&fs.mutex);
	/* What the writer leaves behind must not stay with readers, who cannot write it. */
	if (h->writable)
		flush(h->image, 0);
	for (int i = 0; i < FILES; i++)
		if (fs.handles[i] == h)
			fs.handles[i] = NULL;
	if (--h->image->users == 0) {
		free(h->image->bytes);
		free(h->image->dirty);
		memset(h->image, 0, sizeof(*h->image));
	}
	pthread_mutex_unlock(&fs.mutex);
	return h->real->pMethods ? h->real->pMethods->xClose(h->real) : SQLITE_OK;
}

static int
file_read(sqlite3_file *f, void *to, int n, sqlite3_int64 at)
{
	struct handle *h = (struct handle *)f;
	pthread_mutex_lock(&fs.mutex);
	int64_t there = h->image->size - at < n ? h->image->size - at : n;
	if (there > 0)
		memcpy(to, h->image->bytes + at, (size_t)there);
	pthread_mutex_unlock(&fs.mutex);
	if (there >= n)
		return SQLITE_OK;
	memset((char *)to + (there > 0 ? there : 0), 0, (size_t)(n - (there > 0 ? there : 0)));
	return SQLITE_IOERR_SHORT_READ;
}

static int
file_write(sqlite3_file *f, const void *from, int n, sqlite3_int64 at)
{
	struct handle *h = (struct handle *)f;
	pthread_mutex_lock(&fs.mutex);
	int rc = strike();
	if (rc == SQLITE_OK) {
		grow(h->image, at + n);
		memcpy(h->image->bytes + at, from, (size_t)n);
		memset(h->image->dirty + at / SECTOR, 1, (size_t)((at + n - 1) / SECTOR - at / SECTOR + 1));
	}
	pthread_mutex_unlock(&fs.mutex);
	return rc;
}

static int
file_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	struct handle *h = (struct handle *)f;
	pthread_mutex_lock(&fs.mutex);
	if (size < h->image->size) {
		memset(h->image->bytes + size, 0, (size_t)(h->image->size - size));
		h->image->size = size;
	}
	pthread_mutex_unlock(&fs.mutex);
	return h->real->pMethods->xTruncate(h->real, size);
}

static int
file_sync(sqlite3_file *f, int flags)
{
	struct handle *h = (struct handle *)f;
	pthread_mutex_lock(&fs.mutex);
	int rc = strike();
	if (rc == SQLITE_OK)
		rc = flush(h->image, 0);
	pthread_mutex_unlock(&fs.mutex);
	return rc ? rc : h->real->pMethods->xSync(h->real, flags);
}

static int
file_size(sqlite3_file *f, sqlite3_int64 *ret)
{
	*ret = ((struct handle *)f)->image->size;
	return SQLITE_OK;
}

#define REAL(f) (((struct handle *)(f))->real)
static int file_lock(sqlite3_file *f, int l) { return REAL(f)->pMethods->xLock(REAL(f), l); }
static int file_unlock(sqlite3_file *f, int l) { return REAL(f)->pMethods->xUnlock(REAL(f), l); }
static int file_check(sqlite3_file *f, int *r) { return REAL(f)->pMethods->xCheckReservedLock(REAL(f), r); }
static int
file_control(sqlite3_file *f, int op, void *arg)
{
	/* Hints about the size would grow the real file past the image. */
	if (op == SQLITE_FCNTL_SIZE_HINT || op == SQLITE_FCNTL_CHUNK_SIZE || op == SQLITE_FCNTL_MMAP_SIZE)
		return SQLITE_NOTFOUND;
	return REAL(f)->pMethods->xFileControl(REAL(f), op, arg);
}
static int file_sector(sqlite3_file *f) { return REAL(f)->pMethods->xSectorSize(REAL(f)); }
static int file_device(sqlite3_file *f) { (void)f; return 0; }
static int file_shm_map(sqlite3_file *f, int p, int n, int e, void volatile **r) { return REAL(f)->pMethods->xShmMap(REAL(f), p, n, e, r); }
static int file_shm_lock(sqlite3_file *f, int o, int n, int fl) { return REAL(f)->pMethods->xShmLock(REAL(f), o, n, fl); }
static void file_shm_barrier(sqlite3_file *f) { REAL(f)->pMethods->xShmBarrier(REAL(f)); }
static int file_shm_unmap(sqlite3_file *f, int d) { return REAL(f)->pMethods->xShmUnmap(REAL(f), d); }

static const sqlite3_io_methods methods = {.iVersion = 2, .xClose = file_close, .xRead = file_read, .xWrite = file_write,
    .xTruncate = file_truncate, .xSync = file_sync, .xFileSize = file_size, .xLock = file_lock, .xUnlock = file_unlock,
    .xCheckReservedLock = file_check, .xFileControl = file_control, .xSectorSize = file_sector, .xDeviceCharacteristics = file_device,
    .xShmMap = file_shm_map, .xShmLock = file_shm_lock, .xShmBarrier = file_shm_barrier, .xShmUnmap = file_shm_unmap};

static struct image *
image_of(const char *path)
{
	struct image *free_one = NULL;
	for (int i = 0; i < FILES; i++) {
		if (fs.images[i].users && !strcmp(fs.images[i].path, path))
			return &fs.images[i];
		if (!fs.images[i].users)
			free_one = &fs.images[i];
	}
	return free_one;
}

static int
load(struct image *im, const char *path, sqlite3_file *real)
{
	sqlite3_int64 size = 0;
	snprintf(im->path, sizeof(im->path), "%s", path);
	int rc = real->pMethods->xFileSize(real, &size);
	grow(im, size);
	for (sqlite3_int64 at = 0; rc == SQLITE_OK && at < size; at += 65536)
		rc = real->pMethods->xRead(real, im->bytes + at, (int)(size - at < 65536 ? size - at : 65536), at);
	return rc;
}

static int
vfs_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *f, int flags, int *out)
{
	struct handle *h = (struct handle *)f;
	(void)vfs;
	memset(h, 0, sizeof(*h));
	h->real = (sqlite3_file *)(h + 1);
	int rc = fs.real->xOpen(fs.real, path, h->real, flags, out);
	if (rc != SQLITE_OK)
		return rc;
	if (!path || !(flags & (SQLITE_OPEN_MAIN_DB | SQLITE_OPEN_WAL))) {
		/* Temporary files: the real thing. */
		memmove(h, h->real, (size_t)fs.real->szOsFile);
		return SQLITE_OK;
	}
	pthread_mutex_lock(&fs.mutex);
	h->writable = (flags & SQLITE_OPEN_READWRITE) != 0;
	h->image = image_of(path);
	if (!h->image->users++)
		rc = load(h->image, path, h->real);
	for (int i = 0; i < FILES; i++)
		if (!fs.handles[i]) {
			fs.handles[i] = h;
			break;
		}
	pthread_mutex_unlock(&fs.mutex);
	h->base.pMethods = &methods;
	return rc;
}

void
faulty_vfs_install(enum fault fault, uint64_t at, uint64_t seed)
{
	fs.real = sqlite3_vfs_find("unix");
	fs.vfs = *fs.real;
	fs.vfs.zName = "faulty";
	fs.vfs.pNext = NULL;
	fs.vfs.szOsFile = (int)sizeof(struct handle) + fs.real->szOsFile;
	fs.vfs.xOpen = vfs_open;
	fs.fault = fault;
	fs.at = at;
	fs.random = seed * 2 + 1;
	sqlite3_vfs_register(&fs.vfs, 1);
}

uint64_t
faulty_vfs_calls(void)
{
	return fs.calls;
}
