/* http.h - one form to one HTTPS endpoint and its answer, by libcurl on the
 * loop.  TLS only and verified, no redirects, answers up to LIMIT_HTTP_ANSWER,
 * a deadline: what a token endpoint needs, and nothing else. */
#ifndef HTTP_H
#define HTTP_H

#include <stddef.h>
#include <uv.h>

struct buf;
struct fault;
struct http;
struct http_request;

struct http_answer {
	long status;	  /* 200 */
	const char *body; /* NUL-ended; borrowed for the call, then wiped */
	size_t len;
	unsigned long retry_ms; /* of Retry-After; 0 if it was not sent */
};

/* ${answer}, or NULL with ${f} (FAULT_RETRY or FAULT_CONFIG) if none came. */
typedef void http_done(
    void *arg, const struct http_answer *answer, const struct fault *f);

/* NULL with ${f} if memory is out. */
struct http *http_new(uv_loop_t *loop, struct fault *f);

/* All requests must have ended or been cancelled; ${closed} from the loop. */
void http_close(struct http *, void (*closed)(void *arg), void *arg);

/* POST ${form} (application/x-www-form-urlencoded; taken out of the buffer, and
 * wiped at the end) to ${url}, trusting the CA file ${ca} or, if NULL, the
 * system's.  ${done} is called once, from the loop; the request is gone then.
 * NULL with ${f}; the form is wiped in any case. */
struct http_request *http_post(struct http *, const char *url, const char *ca,
    struct buf *form, http_done *done, void *arg, struct fault *f);

/* Forget it; ${done} is not called. */
void http_cancel(struct http_request *);

#endif
