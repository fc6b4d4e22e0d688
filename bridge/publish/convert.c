/* The work of a pipeline that is done on the loop's workers: messages become
 * events, blobs and dead letters become files. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/buf.h"
#include "bridge/envelope/notice.h"
#include "bridge/limits.h"
#include "bridge/message.h"
#include "bridge/publish/attempts.h"
#include "bridge/publish/letter.h"
#include "bridge/publish/pipeline_private.h"
#include "bridge/store/blobs.h"

/* One trip to a worker takes several small messages, so that the hand-over
 * costs little, but not so many that the other workers stand idle. */
#define JOB_FLIGHTS 16
#define JOB_OCTETS (256U * 1024)

struct job {
	uv_work_t work;
	struct pipeline *pipeline;
	int letters; /* they go to the dead letter; else they are converted */
	int alone;
	size_t n;
	struct flight *flights[JOB_FLIGHTS];
};

static void
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

/* What the event refers to is there before it. */
static int
store_blobs(const struct pipeline *p, const struct event *ev, struct fault *f)
{
	const struct event_blob *b;
	size_t i;

	for (i = 0; i < ev->nblobs; i++) {
		b = &ev->blobs[i];
		if (blobs_put(p->state_fd, b->id,
			(struct span){ b->data, b->len }, f) == -1)
			return (-1);
	}
	return (0);
}

static void
convert(const struct job *job, struct flight *f)
{
	const struct pipeline_config *config = &job->pipeline->config;
	struct attempt *note;

	note = attempts_begin(config->attempts, f->message);
	f->event = event_new(f->message, &config->envelope, &f->fault);
	attempts_end(note);
	if (job->alone && f->event != NULL)
		attempts_acquit(config->attempts, f->message);
}

static void
work_on(const struct job *job, struct flight *f)
{
	const struct pipeline *p = job->pipeline;

	f->fault.kind = FAULT_NONE;
	if (f->state == FLIGHT_REFUSED) {
		(void)letter_write(p->state_fd, f->message, pipeline_name(p),
		    f->reason, &f->fault);
		return;
	}
	if (f->refuser != NULL)
		f->event = notice_refused(f->message, f->refuser, f->reason,
		    &p->config.envelope, &f->fault);
	else if (f->message->reset != NULL)
		f->event =
		    notice_reset(f->message, &p->config.envelope, &f->fault);
	else
		convert(job, f);
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
		work_on(job, job->flights[i]);
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
	if (!job->letters)
		attempts_leave(p->config.attempts);
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

/* Messages that are given up go on to the dead letter; then: how the first of
 * the others is to be converted. */
static enum attempts_verdict
judge(struct pipeline *p)
{
	enum attempts_verdict verdict = ATTEMPTS_FREE;
	char reason[128];
	struct flight *f;

	p->judging = 1;
	while ((f = p->to_convert.first) != NULL) {
		/* A notice tells of a message without a look into it. */
		verdict = f->refuser != NULL || f->message->reset != NULL
		    ? ATTEMPTS_FREE
		    : attempts_judge(p->config.attempts, f->message, reason,
			  sizeof(reason));
		if (verdict != ATTEMPTS_GIVE_UP)
			break;
		pipeline_give_up(flight_queue_take(&p->to_convert), reason);
		verdict = ATTEMPTS_FREE;
	}
	p->judging = 0;
	return (verdict);
}

static void
fill_letters(struct job *job)
{
	struct flight_queue *q = &job->pipeline->to_letter;

	while (job->n < JOB_FLIGHTS && q->first != NULL)
		job->flights[job->n++] = flight_queue_take(q);
}

static void
fill(struct job *job)
{
	struct pipeline *p = job->pipeline;
	struct flight_queue *q = &p->to_convert;
	size_t octets = 0;

	do {
		octets += q->first->message->raw_len;
		job->flights[job->n++] = flight_queue_take(q);
	} while (!job->alone && job->n < JOB_FLIGHTS && octets < JOB_OCTETS &&
	    judge(p) == ATTEMPTS_FREE && q->first != NULL);
}

/* The next work for a worker, or NULL. */
static struct job *
next_job(struct pipeline *p)
{
	struct job *job;

	/* When memory is out, the end of another job tries again. */
	if ((job = calloc(1, sizeof(*job))) == NULL)
		return (NULL);
	job->work.data = job;
	job->pipeline = p;
	job->alone = judge(p) == ATTEMPTS_ALONE;
	if ((job->letters = p->to_letter.first != NULL)) {
		fill_letters(job);
		return (job);
	}
	if (p->to_convert.first == NULL ||
	    !attempts_enter(p->config.attempts, &p->turn, job->alone)) {
		free(job);
		return (NULL);
	}
	fill(job);
	return (job);
}

void
convert_dispatch(struct pipeline *p)
{
	struct job *job;

	while (!p->judging && p->working < p->config.workers) {
		if ((p->to_convert.first == NULL &&
			p->to_letter.first == NULL) ||
		    p->closing || p->work_resting ||
		    (job = next_job(p)) == NULL)
			return;
		p->working++;
		uv_queue_work(p->config.loop, &job->work, on_work, on_worked);
	}
}

static void
on_turn(void *arg)
{
	convert_dispatch(arg);
}

void
convert_init(struct pipeline *p)
{
	flight_queue_init(&p->to_convert);
	flight_queue_init(&p->to_letter);
	p->turn = (struct attempts_turn){ .resume = on_turn, .arg = p };
}
