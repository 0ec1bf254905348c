/* One process serves a workspace; other command lines ask it to run their command.
 *
 * Over DIR/perennial.sock (mode 0600: the socket's file is the permission). The client sends one JSON line
 * {"argv":[…],"cwd":…,"tty":…,"columns":…}; frames come back: one byte ('1' and '2' output, 'x' the exit code as its single
 * byte), four bytes of length, little-endian, and the bytes. */
#include "cli/cli.h"
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { REQUEST_MOST = 256 * 1024, FRAME_MOST = 1024 * 1024, CLIENTS_MOST = 16, SEND_SECONDS = 2 };

static bool
socket_address(const char *dir, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){.sun_family = AF_UNIX};
	return snprintf(ret->sun_path, sizeof(ret->sun_path), "%s/perennial.sock", dir) < (int)sizeof(ret->sun_path);
}

static bool
send_all(int fd, const void *bytes, size_t n)
{
	const char *p = bytes;
	while (n) {
		ssize_t done = send(fd, p, n, MSG_NOSIGNAL);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		p += done;
		n -= (size_t)done;
	}
	return true;
}

static bool
receive_all(int fd, void *to, size_t n)
{
	char *p = to;
	while (n) {
		ssize_t done = recv(fd, p, n, 0);
		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return false;
		p += done;
		n -= (size_t)done;
	}
	return true;
}

/* ---------------------------------------------------------------- asking */

static void
write_request(struct buf *to, int argc, char **argv, const struct sink *out)
{
	char cwd[4096];
	struct json_writer w = json_writer_on(to);
	jw_object(&w);
	jw_karray(&w, "argv");
	for (int i = 0; i < argc; i++)
		jw_cstr(&w, argv[i]);
	jw_array_end(&w);
	jw_kstr(&w, "cwd", str_of(getcwd(cwd, sizeof(cwd)) ? cwd : "/"));
	jw_kbool(&w, "tty", out->tty);
	jw_kint(&w, "columns", out->columns);
	jw_object_end(&w);
	buf_add_char(to, '\n');
}

static bool
relay_answer(int fd, struct sink *out, int *ret_exit)
{
	char head[5], *bytes = mem_alloc(FRAME_MOST);
	bool ended = false;
	while (!ended && receive_all(fd, head, sizeof(head))) {
		struct reader r = {{head + 1, 4}, false};
		uint32_t n = read_u32(&r);
		if (n > FRAME_MOST || !receive_all(fd, bytes, n))
			break;
		ended = head[0] == 'x';
		if (ended)
			*ret_exit = n ? (uint8_t)bytes[0] : 1;
		else
			out->write(out->self, head[0] - '0', bytes, n);
	}
	mem_free(bytes);
	return ended;
}

bool
remote_ask(const char *dir, int argc, char **argv, struct sink *out, int *ret_exit)
{
	static const char lost[] = "perennial: the serving process ended before it answered\n";
	struct sockaddr_un address;
	struct buf request = {0};
	int fd;
	if (!socket_address(dir, &address) || (fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) < 0)
		return false;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
		close(fd);
		return false;
	}
	write_request(&request, argc, argv, out);
	if (!send_all(fd, request.ptr, request.len) || !relay_answer(fd, out, ret_exit)) {
		out->write(out->self, 2, lost, sizeof(lost) - 1);
		*ret_exit = 1;
	}
	buf_release(&request);
	close(fd);
	return true;
}

/* ---------------------------------------------------------------- answering */

struct remote {
	struct workspace *workspace;
	struct sockaddr_un address;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t idle;
	int listener, clients;
	bool stopping;
	struct client *first;
};
struct client {
	struct remote *remote;
	int fd;
	struct client *next;
};

/* A client that does not read holds us up as long as it likes, but not when we are stopping. */
static bool
send_patiently(const struct client *c, const void *bytes, size_t n)
{
	const char *p = bytes;
	while (n) {
		ssize_t done = send(c->fd, p, n, MSG_NOSIGNAL);
		bool again = errno == EINTR || (errno == EAGAIN && !__atomic_load_n(&c->remote->stopping, __ATOMIC_ACQUIRE));
		if (done < 0 && again)
			continue;
		if (done <= 0)
			return false;
		p += done;
		n -= (size_t)done;
	}
	return true;
}

static void
write_frame(void *self, int fd, const char *bytes, size_t n)
{
	const struct client *c = self;
	while (n) {
		uint32_t part = n < FRAME_MOST ? (uint32_t)n : FRAME_MOST;
		uint8_t head[5] = {(uint8_t)('0' + fd), (uint8_t)part, (uint8_t)(part >> 8), (uint8_t)(part >> 16), (uint8_t)(part >> 24)};
		/* Who went away hears nothing more; the command itself goes on to its end. */
		if (!send_patiently(c, head, sizeof(head)) || !send_patiently(c, bytes, part)) {
			shutdown(c->fd, SHUT_RDWR);
			return;
		}
		bytes += part;
		n -= part;
	}
}

static bool
read_request(int fd, struct buf *line)
{
	char part[4096];
	while (line->len < REQUEST_MOST) {
		ssize_t n = recv(fd, part, sizeof(part), 0);
		if (n <= 0)
			return false;
		buf_add(line, part, (size_t)n);
		if (line->ptr[line->len - 1] == '\n')
			return true;
	}
	return false;
}

static int
run_request(struct client *c, const struct json *request, struct arena *a)
{
	const struct json *argv = json_get(request, STR("argv"));
	char **words = arena_array(a, char *, ARGUMENTS_MAX + 1);
	int n = 0;
	json_each(word, argv)
		if (n < ARGUMENTS_MAX)
			words[n++] = (char *)(uintptr_t)arena_cstr(a, json_text(word));
	const struct json *columns = json_get(request, STR("columns"));
	struct sink out = {.self = c, .write = write_frame, .columns = columns && columns->kind == JSON_INT ? (int)columns->i : 100};
	const struct json *tty = json_get(request, STR("tty"));
	out.tty = tty && tty->kind == JSON_TRUE;
	return command_run(n, words, arena_cstr(a, json_text(json_get(request, STR("cwd")))), &out, c->remote->workspace);
}

static void
client_leave(struct client *c)
{
	struct remote *r = c->remote;
	pthread_mutex_lock(&r->lock);
	struct client **at = &r->first;
	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	close(c->fd);
	r->clients--;
	pthread_cond_broadcast(&r->idle);
	pthread_mutex_unlock(&r->lock);
	mem_free(c);
}

static void *
serve_client(void *self)
{
	struct client *c = self;
	struct buf line = {0};
	struct arena a;
	const struct json *request;
	struct err e;
	arena_init(&a);
	if (read_request(c->fd, &line) && json_parse_arena(&a, buf_str(&line), &request, &e)) {
		uint8_t code = (uint8_t)run_request(c, request, &a);
		uint8_t last[6] = {'x', 1, 0, 0, 0, code};
		send_all(c->fd, last, sizeof(last));
	}
	buf_release(&line);
	arena_clear(&a);
	client_leave(c);
	return NULL;
}

static void
take_client(struct remote *r, int fd)
{
	struct client *c = mem_alloc(sizeof(*c));
	struct timeval patience = {.tv_sec = SEND_SECONDS};
	pthread_t thread;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	pthread_mutex_lock(&r->lock);
	while (r->clients >= CLIENTS_MOST && !r->stopping)
		pthread_cond_wait(&r->idle, &r->lock);
	*c = (struct client){r, fd, r->first};
	r->first = c;
	r->clients++;
	pthread_mutex_unlock(&r->lock);
	if (pthread_create(&thread, NULL, serve_client, c) == 0)
		pthread_detach(thread);
	else
		serve_client(c);
}

static void *
accept_clients(void *self)
{
	struct remote *r = self;
	while (!__atomic_load_n(&r->stopping, __ATOMIC_ACQUIRE)) {
		int fd = accept4(r->listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0)
			take_client(r, fd);
		else if (errno != EINTR && errno != ECONNABORTED)
			break;
	}
	return NULL;
}

bool
remote_start(struct workspace *w, struct remote **ret, struct err *e)
{
	struct remote *r = mem_alloc(sizeof(*r));
	r->workspace = w;
	pthread_mutex_init(&r->lock, NULL);
	pthread_cond_init(&r->idle, NULL);
	if (!socket_address(workspace_dir(w), &r->address)) {
		mem_free(r);
		return fail(e, ERR_INVALID, "the folder's path is too long for a socket in it (107 bytes at most)");
	}
	/* The workspace's lock is ours, so a socket that is still there is a dead process's. */
	unlink(r->address.sun_path);
	mode_t before = umask(0177);
	r->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool bound = r->listener >= 0 && bind(r->listener, (struct sockaddr *)&r->address, sizeof(r->address)) == 0;
	umask(before);
	if (!bound || listen(r->listener, CLIENTS_MOST) != 0 || pthread_create(&r->thread, NULL, accept_clients, r) != 0) {
		fail(e, ERR_IO, "cannot listen on %s: %s", r->address.sun_path, strerror(errno));
		if (r->listener >= 0)
			close(r->listener);
		mem_free(r);
		return false;
	}
	*ret = r;
	return true;
}

/* Commands that run come to their end. Who has asked for nothing yet is not waited for, and who does not read what is said to them
 * (`export … | less`) not for long. */
void
remote_stop(struct remote *r)
{
	if (!r)
		return;
	pthread_mutex_lock(&r->lock);
	__atomic_store_n(&r->stopping, true, __ATOMIC_RELEASE);
	pthread_cond_broadcast(&r->idle);
	pthread_mutex_unlock(&r->lock);
	shutdown(r->listener, SHUT_RDWR);
	pthread_join(r->thread, NULL);
	pthread_mutex_lock(&r->lock);
	for (struct client *c = r->first; c; c = c->next)
		shutdown(c->fd, SHUT_RD);
	while (r->clients)
		pthread_cond_wait(&r->idle, &r->lock);
	pthread_mutex_unlock(&r->lock);
	close(r->listener);
	unlink(r->address.sun_path);
	pthread_mutex_destroy(&r->lock);
	pthread_cond_destroy(&r->idle);
	mem_free(r);
}
