/* lock.c -- one process a workspace: DIR/lock, held by flock(2), names its holder. */
#include "runtime/runtime_priv.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static long
holder(int fd)
{
	char text[32] = "";
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	return n > 0 ? strtol(text, NULL, 10) : 0;
}

bool
lock_take(const char *dir, int *ret_fd, struct err *e)
{
	char path[4096], pid[32];
	if ((size_t)snprintf(path, sizeof(path), "%s/lock", dir) >= sizeof(path))
		return fail(e, ERR_INVALID, "the path of the workspace is too long");
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail(e, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, "cannot open the workspace %s: %s", dir, strerror(errno));
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		long pid_of = holder(fd);
		close(fd);
		return fail(e, ERR_CONFLICT, "process %ld is using the workspace %s", pid_of, dir);
	}
	int n = snprintf(pid, sizeof(pid), "%ld\n", (long)getpid());
	if (ftruncate(fd, 0) || pwrite(fd, pid, (size_t)n, 0) != n) {
		close(fd);
		return fail(e, ERR_IO, "cannot write %s: %s", path, strerror(errno));
	}
	*ret_fd = fd;
	return true;
}

void
lock_release(int fd)
{
	if (fd >= 0)
		close(fd);
}
