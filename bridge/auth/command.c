#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/auth/command.h"
#include "bridge/buf.h"
#include "bridge/descriptors.h"
#include "bridge/fault.h"
#include "bridge/limits.h"

struct command {
	uv_process_t process;
	uv_pipe_t out;
	uv_timer_t timer;
	unsigned handles; /* not yet closed */
	const char *name;
	struct buf output;
	char chunk[4096];
	int exited, ended; /* the process; its output */
	int64_t code;
	int signal;
	int late;
	command_done *done; /* NULL: nobody wants to know any more */
	void *arg;
};

static void
on_closed(uv_handle_t *handle)
{
	struct command *c = handle->data;

	if (--c->handles > 0)
		return;
	if (c->output.data != NULL)
		explicit_bzero(c->output.data, c->output.cap);
	buf_free(&c->output);
	explicit_bzero(c->chunk, sizeof(c->chunk));
	free(c);
}

static void
close_all(struct command *c)
{
	uv_close((uv_handle_t *)&c->process, on_closed);
	uv_close((uv_handle_t *)&c->out, on_closed);
	uv_close((uv_handle_t *)&c->timer, on_closed);
}

static void
kill_group(struct command *c)
{
	if (!c->exited)
		(void)kill(-c->process.pid, SIGKILL);
}

static void
judge(const struct command *c, struct fault *f)
{
	if (c->late)
		fault_set(f, FAULT_RETRY,
		    "command %s: not done within %d s, killed", c->name,
		    LIMIT_COMMAND_TOKEN_SECONDS);
	else if (c->output.failed)
		fault_set(f, FAULT_CONFIG,
		    "command %s: prints more than %u KiB, killed", c->name,
		    LIMIT_COMMAND_OUTPUT / 1024);
	else if (c->signal != 0)
		fault_set(f, FAULT_RETRY, "command %s: killed by signal %d",
		    c->name, c->signal);
	else
		fault_set(f, FAULT_AUTH,
		    "command %s: exited with code %lld (run it by hand, as the "
		    "daemon's user, to see why)",
		    c->name, (long long)c->code);
}

static void
step(struct command *c)
{
	struct fault f;

	if (!c->exited || !c->ended || c->done == NULL)
		return;
	if (c->late || c->output.failed || c->signal != 0 || c->code != 0) {
		judge(c, &f);
		c->done(c->arg, NULL, &f);
	} else
		c->done(
		    c->arg, c->output.data != NULL ? c->output.data : "", NULL);
	c->done = NULL;
	close_all(c);
}

static void
on_exit_of(uv_process_t *process, int64_t code, int number)
{
	struct command *c = process->data;

	c->exited = 1;
	c->code = code;
	c->signal = number;
	step(c);
}

static void
on_alloc(uv_handle_t *handle, size_t wanted, uv_buf_t *buf)
{
	struct command *c = handle->data;

	(void)wanted;
	*buf = uv_buf_init(c->chunk, sizeof(c->chunk));
}

static void
on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct command *c = stream->data;

	if (n > 0 && buf_put(&c->output, buf->base, (size_t)n) == 0)
		return;
	if (n == 0)
		return;
	if (n > 0)
		kill_group(c);
	uv_read_stop(stream);
	c->ended = 1;
	step(c);
}

static void
on_late(uv_timer_t *timer)
{
	struct command *c = timer->data;

	c->late = 1;
	kill_group(c);
	/* A grandchild with a session of its own may hold the pipe open. */
	uv_read_stop((uv_stream_t *)&c->out);
	c->ended = 1;
	step(c);
}

struct command *
command_start(uv_loop_t *loop, const char *const *argv, command_done *done,
    void *arg, struct fault *f)
{
	uv_stdio_container_t stdio[3] = { { .flags = UV_IGNORE },
		{ .flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE },
		{ .flags = UV_IGNORE } };
	uv_process_options_t options = { .exit_cb = on_exit_of,
		.file = argv[0],
		.args = (char **)(uintptr_t)argv,
		.flags = UV_PROCESS_DETACHED, /* a group, to be killed whole */
		.stdio_count = 3,
		.stdio = stdio };
	struct command *c;
	int error;

	if ((c = calloc(1, sizeof(*c))) == NULL) {
		fault_set(f, FAULT_RETRY, "out of memory");
		return (NULL);
	}
	c->name = argv[0];
	c->arg = arg;
	buf_init(&c->output, LIMIT_COMMAND_OUTPUT);
	(void)buf_reserve(&c->output, sizeof(c->chunk));
	uv_pipe_init(loop, &c->out, 0);
	uv_timer_init(loop, &c->timer);
	c->process.data = c->out.data = c->timer.data = c;
	stdio[1].data.stream = (uv_stream_t *)&c->out;
	c->handles = 3;
	descriptors_keep_private();
	if ((error = uv_spawn(loop, &c->process, &options)) != 0) {
		fault_set(f, FAULT_CONFIG, "command %s: cannot be started: %s",
		    argv[0], uv_strerror(error));
		close_all(c);
		return (NULL);
	}
	c->done = done;
	uv_read_start((uv_stream_t *)&c->out, on_alloc, on_read);
	uv_timer_start(
	    &c->timer, on_late, LIMIT_COMMAND_TOKEN_SECONDS * 1000, 0);
	return (c);
}

void
command_cancel(struct command *c)
{
	kill_group(c);
	c->done = NULL;
	close_all(c);
}
