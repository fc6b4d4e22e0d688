/* The work of a pipeline that is done on the loop's workers: messages become
 * events, blobs and dead letters become files. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/buf.h"
#include "bridge/durable.h"
#include "bridge/envelope/notice.h"
#include "bridge/letter.h"
#include "bridge/limits.h"
#include "bridge/message.h"
#include "bridge/pipeline_private.h"

/* One trip to a worker takes several small messages, so that the hand-over
 * costs little, but not so many that the other workers stand idle. */
#define JOB_FLIGHTS 16
#define JOB_OCTETS (256U * 1024)

struct job {
	uv_work_t work;
	struct pipeline *pipeline;
	size_t n;
	struct flight *flights[JOB_FLIGHTS];
};

void
flight_queue_init(struct flight_queue *q)
{
	q->first = NULL;
	q->last = &q->first;
}

void
flight_queue_put(struct flight_queue *q, struct flight *f)
{
	f->work_next = NULL;
	*q->last = f;
	q->last = &f->work_next;
}

struct flight *
flight_queue_take(struct flight_queue *q)
{
	struct flight *f;

	if ((f = q->first) != NULL && (q->first = f->work_next) == NULL)
		q->last = &q->first;
	return (f);
}

/* "blobs/ab/sha256-ab...": what the event refers to is there before it. */
static int
store_blobs(const struct pipeline *p, const struct event *ev, struct fault *f)
{
	char name[128];
	size_t i;

	for (i = 0; i < ev->nblobs; i++) {
		(void)snprintf(name, sizeof(name), "blobs/%.2s/%s",
		    ev->blobs[i].id + strlen("sha256-"), ev->blobs[i].id);
		if (durable_write(p->state_fd, name, ev->blobs[i].data,
			ev->blobs[i].len, f) == -1)
			return (fault_prefix(f, "blob store"));
	}
	return (0);
}

static void
work_on(const struct pipeline *p, struct flight *f)
{
	f->fault.kind = FAULT_NONE;
	if (f->state == FLIGHT_REFUSED) {
		(void)letter_write(p->state_fd, f->message, pipeline_name(p),
		    f->reason, &f->fault);
		return;
	}
	if (f->refuser != NULL)
		f->event = notice_refused(f->message, f->refuser, f->reason,
		    &p->config.envelope, &f->fault);
	else
		f->event =
		    event_new(f->message, &p->config.envelope, &f->fault);
	if (f->event != NULL && store_blobs(p, f->event, &f->fault) == -1) {
		event_free(f->event);
		f->event = NULL;
	}
}

static void
on_work(uv_work_t *work)
{
	struct job *job = work->data;
	size_t i;

	for (i = 0; i < job->n; i++)
		work_on(job->pipeline, job->flights[i]);
}

static void
on_worked(uv_work_t *work, int status)
{
	struct job *job = work->data;
	struct pipeline *p = job->pipeline;
	struct flight *f;
	size_t i;

	(void)status;
	p->working--;
	for (i = 0; i < job->n; i++) {
		f = job->flights[i];
		if (f->fault.kind != FAULT_NONE)
			pipeline_work_failed(f);
		else if (f->state == FLIGHT_REFUSED)
			pipeline_lettered(f);
		else
			pipeline_converted(f);
	}
	free(job);
	convert_dispatch(p);
	pipeline_work_done(p);
}

static void
fill(struct job *job, struct flight_queue *q)
{
	size_t octets = 0;

	while (
	    job->n < JOB_FLIGHTS && q->first != NULL && octets < JOB_OCTETS) {
		octets += q->first->message->raw_len;
		job->flights[job->n++] = flight_queue_take(q);
	}
}

void
convert_dispatch(struct pipeline *p)
{
	struct flight_queue *q;
	struct job *job;

	while (p->working < p->config.workers) {
		q = p->to_letter.first != NULL ? &p->to_letter : &p->to_convert;
		if (q->first == NULL || p->closing || p->work_resting)
			return;
		if ((job = calloc(1, sizeof(*job))) == NULL)
			return; /* the end of another job tries again */
		job->work.data = job;
		job->pipeline = p;
		fill(job, q);
		p->working++;
		uv_queue_work(p->config.loop, &job->work, on_work, on_worked);
	}
}
