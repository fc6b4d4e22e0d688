#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bridge/config/config.h"
#include "bridge/config/section.h"
#include "bridge/limits.h"
#include "bridge/message.h"
#include "bridge/ops/log.h"
#include "bridge/publish/pipeline_marks.h"
#include "bridge/publish/pipeline_private.h"
#include "sinks/sink.h"

/* The rest after a RETRY that came without a hint, doubled up to the longest.
 */
#define REST_FIRST_MS 100
#define REST_MAX_MS 30000

static void
on_rested(uv_timer_t *timer)
{
	struct pipeline *p = timer->data;

	p->resting = 0;
	p->work_resting = 0;
	convert_dispatch(p);
	pipeline_pump(p);
}

/* Submit nothing for a while.  A longer wait that is asked for counts. */
static void
rest(struct pipeline *p, uint64_t hint_ms)
{
	uint64_t ms;

	if (p->resting || p->closing)
		return;
	p->rest_ms = p->rest_ms == 0 ? REST_FIRST_MS : p->rest_ms * 2;
	if (p->rest_ms > REST_MAX_MS)
		p->rest_ms = REST_MAX_MS;
	ms = hint_ms != 0 ? hint_ms : p->rest_ms;
	p->resting = 1;
	uv_timer_start(&p->retry, on_rested, ms, 0);
}

/* A blob or a dead letter could not be written: the mark holds, try again. */
void
pipeline_work_failed(struct flight *f)
{
	struct pipeline *p = f->lane->pipeline;

	log_write(LOG_ERROR, "pipeline", f->lane->name,
	    "UID %u: %s; the checkpoint waits for it", f->message->uid,
	    f->fault.text);
	flight_queue_put(
	    f->state == FLIGHT_REFUSED ? &p->to_letter : &p->to_convert, f);
	p->work_resting = 1;
	rest(p, 0);
}

/* Hand over what is ready, lane by lane, each in its order. */
void
pipeline_pump(struct pipeline *p)
{
	struct pipeline_lane *lane;
	struct flight *f;
	int sent = 0;

	if (p->closing || p->sending)
		return;
	p->sending = 1;
	while (!p->full && !p->resting &&
	    (lane = pipeline_lane_dequeue(p)) != NULL) {
		lane->queued = 1; /* not to be freed below us */
		while ((f = lane->unsent) != NULL && f->state == FLIGHT_READY) {
			if (pipeline_marks_has(f)) {
				pipeline_flight_end(f, PIPELINE_STORED);
				continue;
			}
			if (!p->sink->ops->submit(p->sink, f->event, f)) {
				p->full = 1;
				break;
			}
			sent = 1;
			f->state = FLIGHT_SUBMITTED;
			f->submitted_at = uv_hrtime();
			lane->unsent = pipeline_lane_unsent(f->next);
		}
		lane->queued = 0;
		pipeline_lane_queue(lane);
		pipeline_lane_release(lane);
	}
	p->sending = 0;
	if (sent && p->to_convert.first == NULL && p->working == 0 &&
	    p->followers == 0)
		p->sink->ops->flush(p->sink);
}

static void
on_answer(
    void *arg, void *ticket, enum sink_verdict verdict, const struct fault *why)
{
	struct pipeline *p = arg;
	struct flight *f = ticket;
	struct pipeline_lane *lane = f->lane;

	switch (verdict) {
	case SINK_STORED:
		p->rest_ms = 0;
		pipeline_marks_stored(f);
		p->counts.stored++;
		metrics_observe(
		    &p->counts.latency, (uv_hrtime() - f->submitted_at) / 1000);
		pipeline_flight_end(f, PIPELINE_STORED);
		return;
	case SINK_RETRY:
		p->counts.retried++;
		f->state = FLIGHT_READY;
		if (++f->tries >= LIMIT_SINK_TRIES) {
			free(f->reason);
			f->reason = strdup(why != NULL ? why->text : "");
		}
		if (f->tries == LIMIT_SINK_TRIES && p->up)
			log_write(LOG_WARN, "pipeline", lane->name,
			    "UID %u was handed in %u times: %s",
			    f->message->uid, f->tries,
			    why != NULL ? why->text : "");
		lane->unsent = pipeline_lane_unsent(lane->first);
		pipeline_lane_queue(lane);
		rest(p, why != NULL ? why->retry_ms : 0);
		return;
	case SINK_REFUSED:
		p->counts.refused++;
		if (!lane->letters) {
			log_write(LOG_ERROR, "pipeline", lane->name,
			    "the event of UID %u is refused: %s",
			    f->message->uid, why != NULL ? why->text : "");
			pipeline_flight_end(f, PIPELINE_REFUSED);
			return;
		}
		f->state = FLIGHT_REFUSED;
		event_free(f->event); /* the letter takes its room */
		f->event = NULL;
		free(f->reason);
		f->reason = strdup(why != NULL ? why->text : "");
		pipeline_letter_begin(f);
		return;
	}
}

static void
on_ready(void *arg)
{
	struct pipeline *p = arg;

	p->full = 0;
	pipeline_pump(p);
}

/* Sinks begin with their name, which the log line has already. */
static const char *
without_name(const struct pipeline *p, const char *text)
{
	const char *name = p->config.sink->name;
	size_t len = strlen(name);

	if (strncmp(text, "sink ", 5) == 0 &&
	    strncmp(text + 5, name, len) == 0 &&
	    strncmp(text + 5 + len, ": ", 2) == 0)
		return (text + 5 + len + 2);
	return (text);
}

static void
on_state(void *arg, int up, const struct fault *why)
{
	struct pipeline *p = arg;

	if (up) {
		if (!p->up || p->trouble[0] != '\0')
			log_write(LOG_INFO, "sink", p->config.sink->name,
			    "reachable");
		p->trouble[0] = '\0';
		p->was_up = 1;
	} else {
		log_write(LOG_WARN, "sink", p->config.sink->name,
		    "%s; mail waits on its server meanwhile",
		    without_name(p, why->text));
		memcpy(p->trouble, why->text, sizeof(p->trouble));
		p->counts.downs += p->up != 0;
	}
	p->up = up;
	p->config.changed(p->config.arg);
	if (!up && why->kind == FAULT_ENDED && !p->closing)
		p->config.ended(p->config.arg, why);
}

static struct sink *
open_sink(struct pipeline *p, struct fault *f)
{
	const struct config_sink *config = p->config.sink;
	struct section *section;
	struct sink_host host = { .loop = p->config.loop,
		.name = config->name,
		.arg = p,
		.answer = on_answer,
		.ready = on_ready,
		.state = on_state };
	struct sink *sink;

	if (p->config.keep_marks)
		pipeline_marks_host(&host);

	section = section_new(p->config.source, config->value, config->path);
	if (section == NULL) {
		fault_set(f, FAULT_RETRY, "out of memory");
		return (NULL);
	}
	(void)section_choice(section, "type", sinks_types(), 0);
	sink = p->config.ops->open(section, &host, f); /* copies the host */
	(void)section_end(section, NULL); /* checked when it was loaded */
	/* cppcheck-suppress returnDanglingLifetime */
	return (sink);
}

struct pipeline *
pipeline_new(const struct pipeline_config *config, struct fault *f)
{
	struct pipeline *p;

	if ((p = calloc(1, sizeof(*p))) == NULL) {
		fault_set(f, FAULT_RETRY, "out of memory");
		return (NULL);
	}
	p->config = *config;
	p->lanes_last = &p->lanes;
	p->up = 1;
	convert_init(p);
	p->state_fd = open(config->state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (p->state_fd == -1) {
		fault_set(f, FAULT_CONFIG, "state directory %s: %s",
		    config->state, strerror(errno));
		goto fail;
	}
	if ((p->sink = open_sink(p, f)) == NULL)
		goto fail;
	p->config.envelope.max_event_bytes =
	    p->sink->ops->max_event_bytes(p->sink);
	uv_timer_init(config->loop, &p->retry);
	p->retry.data = p;
	return (p);

fail:
	if (p->state_fd != -1)
		(void)close(p->state_fd);
	free(p);
	return (NULL);
}

int
pipeline_reload(struct pipeline *p, struct fault *f)
{
	const struct sink_ops *ops = p->sink->ops;
	int rc;

	if (p->closing || ops->reload == NULL)
		return (0);
	rc = ops->reload(p->sink, f);
	if (p->resting)
		uv_timer_start(&p->retry, on_rested, 0, 0);
	return (rc);
}

static void
on_timer_closed(uv_handle_t *handle)
{
	struct pipeline *p = handle->data;
	struct pipeline_lane *lane;
	struct flight *f;

	while ((lane = p->all) != NULL) {
		/* pipeline_lane_free() took the last one out of p->all, by
		 * all_at. */
		/* NOLINTNEXTLINE(clang-analyzer-unix.Malloc) */
		while ((f = lane->first) != NULL) {
			lane->first = f->next;
			pipeline_flight_free(f);
		}
		pipeline_lane_free(lane);
	}
	(void)close(p->state_fd);
	attempts_cancel(p->config.attempts, &p->turn);
	p->closed(p->closed_arg);
	free(p);
}

/* Workers may still hold flights when the sink is gone. */
void
pipeline_work_done(struct pipeline *p)
{
	if (!p->closing)
		pipeline_pump(p);
	else if (p->sink_closed && p->working == 0)
		uv_close((uv_handle_t *)&p->retry, on_timer_closed);
}

static void
on_sink_closed(void *arg)
{
	struct pipeline *p = arg;

	p->sink_closed = 1;
	pipeline_work_done(p);
}

void
pipeline_close(struct pipeline *p, void (*closed)(void *), void *arg)
{
	p->closing = 1;
	pipeline_lane_close(p->letters);
	p->closed = closed;
	p->closed_arg = arg;
	p->sink->ops->close(p->sink, on_sink_closed, p);
}
