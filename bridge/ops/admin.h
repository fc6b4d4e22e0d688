/* admin.h - the admin port: a small HTTP server (libmicrohttpd) on the loop.
 * It reads nothing but GET and HEAD, and changes nothing. */
#ifndef ADMIN_H
#define ADMIN_H

#include <uv.h>

struct admin;
struct buf;
struct config_admin;
struct fault;

/* What can be asked for. */
enum admin_page {
	ADMIN_HOME,    /* /: the status page, HTML */
	ADMIN_STATUS,  /* /status: JSON */
	ADMIN_METRICS, /* /metrics: Prometheus' text format */
	ADMIN_LIVEZ,   /* /livez: the loop turns */
	ADMIN_READYZ   /* /readyz: 200 or 503, with the reasons */
};

/* Write the page into ${out} (empty).  The HTTP status: 200 or 503. */
typedef unsigned admin_write(void *arg, enum admin_page, struct buf *out);

/* Listen on ${where}; ${write} is called from the loop.  NULL with ${f}
 * (FAULT_CONFIG, naming the key and its place in the file). */
struct admin *admin_new(uv_loop_t *, const struct config_admin *where,
    admin_write *write, void *arg, struct fault *f);

/* Stop listening, drop who is connected; ${closed} from the loop. */
void admin_close(struct admin *, void (*closed)(void *arg), void *arg);

#endif
