#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <uv.h>

#include "bridge/auth/oauth2.h"
#include "bridge/cli/check.h"
#include "bridge/cli/check_private.h"
#include "bridge/config/config.h"
#include "bridge/fault.h"
#include "bridge/imap/connection.h"
#include "bridge/imap/net.h"

/* After this nothing that is still missing is waited for. */
#define CHECK_MS 45000

void
check_bad(struct check *c, const char *what, const struct fault *f)
{
	int code = fault_exit_code(f->kind);

	fprintf(stderr, "%s: %s\n", what, f->text);
	/* What a person must mend outweighs what may pass by itself. */
	if (c->code == EX_OK || c->code == EX_TEMPFAIL)
		c->code = code;
}

void
check_done(struct check *c)
{
	if (--c->pending == 0)
		uv_timer_start(&c->timer, c->on_end, 0, 0);
}

static void
on_closed(void *arg)
{
	(void)arg;
}

/* All is known, or it is too late: close everything; the loop then ends. */
static void
on_end(uv_timer_t *timer)
{
	struct check *c = timer->data;

	if (c->ended)
		return;
	c->ended = 1;
	check_tokens_end(c);
	check_logins_end(c);
	check_sinks_end(c);
	uv_close((uv_handle_t *)&c->timer, NULL);
	net_close(c->net, on_closed, NULL);
	oauth2_close(c->oauth2, on_closed, NULL);
}

int
check_online(const struct config *cfg)
{
	struct check c = { .config = cfg, .code = EX_OK, .on_end = on_end };
	struct fault f;

	curl_global_init(CURL_GLOBAL_DEFAULT);
	uv_loop_init(&c.loop);
	if ((c.net = connection_net(&c.loop, &f)) == NULL ||
	    (c.oauth2 = oauth2_new(&c.loop, cfg, 0, &f)) == NULL) {
		check_bad(&c, "network", &f);
		return (c.code);
	}
	uv_timer_init(&c.loop, &c.timer);
	c.timer.data = &c;
	c.pending = 1; /* until all are begun */
	check_tokens(&c);
	check_logins(&c);
	check_sinks(&c);
	uv_timer_start(&c.timer, on_end, CHECK_MS, 0);
	check_done(&c);
	uv_run(&c.loop, UV_RUN_DEFAULT);
	uv_loop_close(&c.loop);
	check_tokens_free(&c);
	check_logins_free(&c);
	check_sinks_free(&c);
	curl_global_cleanup();
	return (c.code);
}
