/* work.c -- the queue of management calls and the threads that answer them. */
#include "api/api_priv.h"
#include <pthread.h>

enum { WAITING_MOST = 256, THREADS_MOST = 8 };

struct work {
	pthread_mutex_t mutex;
	pthread_cond_t wake;
	struct api_call *first, **end;
	int waiting, n_threads;
	bool stopping;
	pthread_t threads[THREADS_MOST];
};

static void *
run_worker(void *self)
{
	struct work *w = self;
	pthread_mutex_lock(&w->mutex);
	for (;;) {
		while (!w->first && !w->stopping)
			pthread_cond_wait(&w->wake, &w->mutex);
		struct api_call *c = w->first;
		if (!c)
			break;
		w->first = c->next;
		if (!w->first)
			w->end = &w->first;
		w->waiting--;
		pthread_mutex_unlock(&w->mutex);
		api_run(c);
		pthread_mutex_lock(&w->mutex);
	}
	pthread_mutex_unlock(&w->mutex);
	return NULL;
}

struct work *
work_start(int threads)
{
	struct work *w = mem_alloc(sizeof(*w));
	pthread_mutex_init(&w->mutex, NULL);
	pthread_cond_init(&w->wake, NULL);
	w->end = &w->first;
	while (w->n_threads < threads && w->n_threads < THREADS_MOST)
		if (pthread_create(&w->threads[w->n_threads++], NULL, run_worker, w))
			WRONG("a worker thread starts");
	return w;
}

void
work_stop(struct work *w)
{
	if (!w)
		return;
	pthread_mutex_lock(&w->mutex);
	w->stopping = true;
	pthread_cond_broadcast(&w->wake);
	pthread_mutex_unlock(&w->mutex);
	for (int i = 0; i < w->n_threads; i++)
		pthread_join(w->threads[i], NULL);
	pthread_cond_destroy(&w->wake);
	pthread_mutex_destroy(&w->mutex);
	mem_free(w);
}

bool
work_add(struct work *w, struct api_call *c)
{
	pthread_mutex_lock(&w->mutex);
	bool ok = w->waiting < WAITING_MOST && !w->stopping;
	if (ok) {
		c->next = NULL;
		*w->end = c;
		w->end = &c->next;
		w->waiting++;
		pthread_cond_signal(&w->wake);
	}
	pthread_mutex_unlock(&w->mutex);
	return ok;
}
