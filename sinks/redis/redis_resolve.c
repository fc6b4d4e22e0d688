#include <sys/socket.h>

#include <stdlib.h>

#include "sinks/redis/redis_resolve.h"

struct redis_resolve {
	uv_getaddrinfo_t req;
	void (*done)(void *, struct addrinfo *, const char *);
	void *arg;
};

static void
on_resolved(uv_getaddrinfo_t *req, int status, struct addrinfo *res)
{
	struct redis_resolve *r = req->data;

	if (r->done != NULL)
		r->done(r->arg, res,
		    status != 0 ? uv_strerror(status) : "no address");
	else if (res != NULL)
		uv_freeaddrinfo(res);
	free(r);
}

struct redis_resolve *
redis_resolve_start(uv_loop_t *loop, const char *host,
    void (*done)(void *, struct addrinfo *, const char *), void *arg)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct redis_resolve *r;

	if ((r = calloc(1, sizeof(*r))) == NULL)
		return (NULL);
	r->done = done;
	r->arg = arg;
	r->req.data = r;
	if (uv_getaddrinfo(loop, &r->req, on_resolved, host, NULL, &hints) !=
	    0) {
		free(r);
		return (NULL);
	}
	return (r);
}

void
redis_resolve_abandon(struct redis_resolve *r)
{
	if (r == NULL)
		return;
	r->done = NULL;
	(void)uv_cancel((uv_req_t *)&r->req);
}
