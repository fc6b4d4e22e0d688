#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bridge/buf.h"
#include "bridge/config/admin.h"
#include "bridge/fault.h"
#include "bridge/limits.h"
#include "bridge/ops/admin.h"
#include "bridge/ops/log.h"

struct admin {
	uv_loop_t *loop;
	struct MHD_Daemon *daemon;
	uv_poll_t poll;
	uv_timer_t timer;
	unsigned open;
	admin_write *write;
	void *arg;
	void (*closed)(void *arg);
	void *closed_arg;
};

static const struct {
	const char *path;
	enum admin_page page;
	const char *type;
} pages[] = {
	{ "/", ADMIN_HOME, "text/html; charset=utf-8" },
	{ "/status", ADMIN_STATUS, "application/json" },
	{ "/metrics", ADMIN_METRICS,
	    "text/plain; version=0.0.4; charset=utf-8" },
	{ "/livez", ADMIN_LIVEZ, "text/plain; charset=utf-8" },
	{ "/readyz", ADMIN_READYZ, "text/plain; charset=utf-8" },
};

#define NPAGES (sizeof(pages) / sizeof(pages[0]))

/* Answers */

/* ${data} is malloc'ed and taken, or a literal. */
static enum MHD_Result
answer(struct MHD_Connection *c, unsigned status, const char *type, char *data,
    size_t len, enum MHD_ResponseMemoryMode mode)
{
	/* Nobody else may show these pages in a frame, keep them, or guess
	 * what they are; and no script can run in them. */
	static const char *const headers[][2] = {
		{ "Cache-Control", "no-store" },
		{ "X-Content-Type-Options", "nosniff" },
		{ "Content-Security-Policy",
		    "default-src 'none'; style-src 'unsafe-inline'; "
		    "frame-ancestors 'none'" },
	};
	struct MHD_Response *r;
	enum MHD_Result result;
	size_t i;

	r = MHD_create_response_from_buffer(len, data, mode);
	if (r == NULL) {
		if (mode == MHD_RESPMEM_MUST_FREE)
			free(data);
		return (MHD_NO);
	}
	MHD_add_response_header(r, "Content-Type", type);
	for (i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		MHD_add_response_header(r, headers[i][0], headers[i][1]);
	if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
		MHD_add_response_header(r, "Allow", "GET, HEAD");
	result = MHD_queue_response(c, status, r);
	MHD_destroy_response(r);
	return (result);
}

static enum MHD_Result
refuse(struct MHD_Connection *c, unsigned status, const char *text)
{
	return (answer(c, status, "text/plain; charset=utf-8",
	    (char *)(uintptr_t)text, strlen(text), MHD_RESPMEM_PERSISTENT));
}

static enum MHD_Result
on_request(void *arg, struct MHD_Connection *c, const char *url,
    const char *method, const char *version, const char *upload,
    size_t *upload_len, void **state)
{
	struct admin *a = arg;
	unsigned status;
	struct buf out;
	size_t i, len;

	(void)version;
	(void)upload;
	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
		return (refuse(c, MHD_HTTP_METHOD_NOT_ALLOWED,
		    "Only GET and HEAD are answered.\n"));
	/* First the headers are there, then what follows them. */
	if (*state == NULL) {
		*state = a;
		return (MHD_YES);
	}
	*upload_len = 0;
	for (i = 0; i < NPAGES && strcmp(url, pages[i].path) != 0; i++)
		continue;
	if (i == NPAGES)
		return (refuse(c, MHD_HTTP_NOT_FOUND,
		    "There are /metrics, /livez, /readyz, /status and /.\n"));
	buf_init(&out, LIMIT_ADMIN_PAGE);
	status = a->write(a->arg, pages[i].page, &out);
	if (out.failed) {
		buf_free(&out);
		return (refuse(c, MHD_HTTP_INTERNAL_SERVER_ERROR,
		    "The answer needs more memory than there is.\n"));
	}
	len = out.len;
	return (answer(c, status, pages[i].type, buf_take(&out), len,
	    MHD_RESPMEM_MUST_FREE));
}

/* The loop */

/* Let it do what it can, and ask when it wants to be called again. */
static void
run(struct admin *a)
{
	MHD_UNSIGNED_LONG_LONG ms;

	(void)MHD_run(a->daemon);
	if (MHD_get_timeout(a->daemon, &ms) == MHD_YES)
		uv_timer_start(&a->timer, a->timer.timer_cb, ms, 0);
	else
		uv_timer_stop(&a->timer);
}

static void
on_timer(uv_timer_t *timer)
{
	run(timer->data);
}

static void
on_poll(uv_poll_t *poll, int status, int events)
{
	(void)status;
	(void)events;
	run(poll->data);
}

/* The address, and its length. */
static socklen_t
address_of(const struct config_admin *where, struct sockaddr_storage *address)
{
	struct sockaddr_in *v4 = (void *)address;
	struct sockaddr_in6 *v6 = (void *)address;

	memset(address, 0, sizeof(*address));
	if (where->ipv6) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(where->port);
		(void)inet_pton(AF_INET6, where->host, &v6->sin6_addr);
		return (sizeof(*v6));
	}
	v4->sin_family = AF_INET;
	v4->sin_port = htons(where->port);
	(void)inet_pton(AF_INET, where->host, &v4->sin_addr);
	return (sizeof(*v4));
}

static int
listen_on(const struct config_admin *where, struct fault *f)
{
	struct sockaddr_storage address;
	socklen_t len = address_of(where, &address);
	const char *tried;
	int fd, on = 1, off = 0;

	tried = "socket";
	fd = socket(
	    address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd == -1)
		goto fail;
	/* After a restart old connections linger. */
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	/* "[::]" is IPv4, too, whatever the system's setting. */
	if (where->ipv6)
		(void)setsockopt(
		    fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	tried = "bind";
	if (bind(fd, (struct sockaddr *)&address, len) == -1)
		goto fail;
	tried = "listen";
	if (listen(fd, SOMAXCONN) == -1)
		goto fail;
	return (fd);

fail:
	fault_set(f, FAULT_CONFIG, "%s: cannot listen on %s: %s: %s",
	    where->place, where->listen, tried, strerror(errno));
	if (fd != -1)
		close(fd);
	return (-1);
}

static int
start(struct admin *a, int fd, struct fault *f)
{
	const union MHD_DaemonInfo *info;

	/* No thread of its own: it is run from ours, when its epoll set says
	 * that there is something to do. */
	a->daemon = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, on_request,
	    a, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
	    (unsigned)LIMIT_ADMIN_CONNECTIONS,
	    MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)LIMIT_ADMIN_REQUEST,
	    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)LIMIT_ADMIN_SECONDS,
	    MHD_OPTION_END);
	if (a->daemon == NULL)
		return (fault_set(
		    f, FAULT_RETRY, "admin: libmicrohttpd does not start"));
	info = MHD_get_daemon_info(a->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	if (info == NULL || uv_poll_init(a->loop, &a->poll, info->epoll_fd)) {
		MHD_stop_daemon(a->daemon);
		return (fault_set(
		    f, FAULT_RETRY, "admin: libmicrohttpd cannot be polled"));
	}
	return (0);
}

struct admin *
admin_new(uv_loop_t *loop, const struct config_admin *where, admin_write *write,
    void *arg, struct fault *f)
{
	struct admin *a;
	int fd;

	if ((fd = listen_on(where, f)) == -1)
		return (NULL);
	if ((a = calloc(1, sizeof(*a))) == NULL) {
		close(fd);
		fault_set(f, FAULT_RETRY, "admin: out of memory");
		return (NULL);
	}
	a->loop = loop;
	a->write = write;
	a->arg = arg;
	if (start(a, fd, f) == -1) {
		free(a);
		return (NULL);
	}
	uv_timer_init(loop, &a->timer);
	a->timer.data = a;
	a->timer.timer_cb = on_timer;
	a->poll.data = a;
	a->open = 2;
	/* Who asks must not keep the process alive. */
	uv_unref((uv_handle_t *)&a->timer);
	uv_unref((uv_handle_t *)&a->poll);
	uv_poll_start(&a->poll, UV_READABLE, on_poll);
	log_write(LOG_INFO, "admin", NULL, "listening on %s", where->listen);
	if (!where->loopback)
		log_write(LOG_WARN, "admin", NULL,
		    "%s is open to the network: whoever reaches it sees the "
		    "names of accounts and mailboxes and the text of errors",
		    where->listen);
	return (a);
}

static void
on_closed(uv_handle_t *handle)
{
	struct admin *a = handle->data;

	if (--a->open > 0)
		return;
	/* Its epoll set goes with it: nobody polls that any more. */
	MHD_stop_daemon(a->daemon);
	a->closed(a->closed_arg);
	free(a);
}

void
admin_close(struct admin *a, void (*closed)(void *arg), void *arg)
{
	a->closed = closed;
	a->closed_arg = arg;
	uv_close((uv_handle_t *)&a->poll, on_closed);
	uv_close((uv_handle_t *)&a->timer, on_closed);
}
