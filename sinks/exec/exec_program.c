#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bridge/descriptors.h"
#include "bridge/fault.h"
#include "bridge/limits.h"
#include "sinks/exec/exec_config.h"
#include "sinks/exec/exec_program_private.h"

/* A pipe whose other end is closed mostly means that the process is about to
 * end; and what a process wrote comes soon after its end. */
#define GRACE_MS 500

struct write {
	uv_write_t req;
	struct exec_program *program;
};

static char line_feed[] = "\n";

static void
on_closed(uv_handle_t *handle)
{
	struct exec_program *p = handle->data;

	if (--p->handles > 0)
		return;
	if (p->how.kind == FAULT_NONE)
		fault_set(&p->how, FAULT_RETRY, "%s: given up", p->name);
	if (p->started)
		p->events.ended(p->arg, p->clean, &p->how);
	free(p);
}

static void
close_input(struct exec_program *p)
{
	if (!uv_is_closing((uv_handle_t *)&p->in))
		uv_close((uv_handle_t *)&p->in, on_closed);
}

void
exec_program_abandon(struct exec_program *p)
{
	if (p->closing)
		return;
	p->closing = 1;
	close_input(p);
	if (p->process.type == UV_PROCESS)
		uv_close((uv_handle_t *)&p->process, on_closed);
	else /* it did not come so far */
		p->handles--;
	uv_close((uv_handle_t *)&p->out, on_closed);
	uv_close((uv_handle_t *)&p->err, on_closed);
	uv_close((uv_handle_t *)&p->timer, on_closed);
}

void
exec_program_signal(struct exec_program *p, int number)
{
	if (!p->exited)
		(void)kill(-p->process.pid, number);
}

void
exec_program_kill(struct exec_program *p, const struct fault *why)
{
	p->deaf = 1;
	p->how = *why;
	exec_program_signal(p, SIGKILL);
}

/* Is all there that is to come? */
static void
step(struct exec_program *p)
{
	if (p->exited && (p->out_ended || p->deaf))
		exec_program_abandon(p);
}

static void
on_grace_over(uv_timer_t *timer)
{
	struct exec_program *p = timer->data;
	struct fault f;

	if (p->exited) {
		p->out_ended = 1; /* a grandchild may hold it open */
		step(p);
		return;
	}
	fault_set(&f, FAULT_RETRY,
	    "%s: closed its standard %s and went on, killed", p->name,
	    p->out_ended ? "output" : "input");
	exec_program_kill(p, &f);
}

static void
hang_up(struct exec_program *p)
{
	if (!p->closing && !uv_is_active((uv_handle_t *)&p->timer))
		uv_timer_start(&p->timer, on_grace_over, GRACE_MS, 0);
}

static void
on_exit_of(uv_process_t *process, int64_t code, int number)
{
	struct exec_program *p = process->data;

	/* What it started goes with it, before another one is started. */
	(void)kill(-process->pid, SIGKILL);
	p->exited = 1;
	if (p->how.kind == FAULT_NONE && number != 0)
		fault_set(&p->how, FAULT_RETRY, "%s: ended by signal %d (%s)",
		    p->name, number, strsignal(number));
	else if (p->how.kind == FAULT_NONE) {
		p->clean = code == 0;
		fault_set(&p->how, FAULT_RETRY, "%s: ended with exit code %lld",
		    p->name, (long long)code);
	}
	uv_timer_stop(&p->timer);
	hang_up(p);
	step(p);
}

static void
on_alloc(uv_handle_t *handle, size_t wanted, uv_buf_t *buf)
{
	struct exec_program *p = handle->data;

	(void)wanted;
	*buf = uv_buf_init(p->chunk, sizeof(p->chunk));
}

/* A pipe fails, for a reason that is not the program's. */
static void
broken(struct exec_program *p, const char *what, int error)
{
	struct fault f;

	fault_set(&f, FAULT_RETRY, "%s: %s: %s, killed", p->name, what,
	    strerror(-error));
	if (!p->deaf)
		exec_program_kill(p, &f);
}

static void
too_long(struct exec_program *p)
{
	struct fault f;

	fault_set(&f, FAULT_RETRY,
	    "%s: a line on its standard output is longer than %d octets, "
	    "killed",
	    p->name, LIMIT_EXEC_ANSWER);
	exec_program_kill(p, &f);
}

static void
on_output(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct exec_program *p = stream->data;
	ssize_t i;

	if (n < 0) {
		uv_read_stop(stream);
		p->out_ended = 1;
		if (n == UV_EOF)
			hang_up(p);
		else
			broken(p, "reading its standard output", (int)n);
		step(p);
		return;
	}
	for (i = 0; i < n && !p->deaf; i++) {
		if (buf->base[i] != '\n') {
			if (p->linelen == LIMIT_EXEC_ANSWER)
				too_long(p);
			else
				p->line[p->linelen++] = buf->base[i];
			continue;
		}
		if (p->linelen > 0 && p->line[p->linelen - 1] == '\r')
			p->linelen--;
		p->line[p->linelen] = '\0';
		p->linelen = 0;
		p->events.line(p->arg, p->line);
	}
}

static void
on_error_output(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct exec_program *p = stream->data;

	if (n < 0)
		uv_read_stop(stream);
	else
		exec_log_feed(
		    &p->log, buf->base, (size_t)n, uv_now(p->process.loop));
}

static void
on_written(uv_write_t *req, int status)
{
	struct write *w = (struct write *)req;
	struct exec_program *p = w->program;

	free(w);
	if (status == UV_ECANCELED)
		return;
	if (status == UV_EPIPE)
		hang_up(p);
	else if (status < 0)
		broken(p, "writing to its standard input", status);
	else if (!p->deaf)
		p->events.taken(p->arg, ++p->taken);
	if (p->finishing)
		exec_program_finish(p);
}

int
exec_program_write(struct exec_program *p, const char *data, size_t len)
{
	uv_buf_t bufs[2] = { { .base = (char *)(uintptr_t)data, .len = len },
		{ .base = line_feed, .len = 1 } };
	struct write *w;

	if ((w = malloc(sizeof(*w))) == NULL)
		return (-1);
	w->program = p;
	if (uv_write(&w->req, (uv_stream_t *)&p->in, bufs, 2, on_written) == 0)
		return (0);
	free(w);
	return (-1);
}

void
exec_program_finish(struct exec_program *p)
{
	p->finishing = 1;
	if (uv_stream_get_write_queue_size((uv_stream_t *)&p->in) == 0)
		close_input(p);
}

/* A pipe for the program's descriptor ${number}: ours and ${theirs}.  (What
 * libuv would make is a socket, and /dev/stdin cannot be opened on one.) */
static int
make_pipe(uv_pipe_t *ours, int number, int *theirs)
{
	uv_file fds[2];
	int error;

	error = uv_pipe(fds, number == 0 ? 0 : UV_NONBLOCK_PIPE,
	    number == 0 ? UV_NONBLOCK_PIPE : 0);
	if (error != 0)
		return (error);
	*theirs = fds[number == 0 ? 0 : 1];
	error = uv_pipe_open(ours, fds[number == 0 ? 1 : 0]);
	if (error != 0)
		(void)close(fds[number == 0 ? 1 : 0]);
	return (error);
}

static int
spawn(struct exec_program *p, uv_loop_t *loop, const struct exec_config *c,
    char **env, struct fault *f)
{
	uv_pipe_t *ours[3] = { &p->in, &p->out, &p->err };
	uv_stdio_container_t stdio[3];
	uv_process_options_t options = { .exit_cb = on_exit_of,
		.file = c->command[0],
		.args = c->command,
		.env = env,
		.cwd = c->folder,
		.flags = UV_PROCESS_DETACHED,
		.stdio_count = 3,
		.stdio = stdio };
	enum fault_kind kind = FAULT_CONFIG;
	int error = 0, i;

	for (i = 0; i < 3; i++) {
		stdio[i].flags = UV_INHERIT_FD;
		stdio[i].data.fd = -1;
		if (error == 0)
			error = make_pipe(ours[i], i, &stdio[i].data.fd);
	}
	descriptors_keep_private();
	if (error == 0)
		error = uv_spawn(loop, &p->process, &options);
	for (i = 0; i < 3; i++) {
		if (stdio[i].data.fd != -1)
			(void)close(stdio[i].data.fd);
	}
	if (error == 0)
		return (0);
	/* Those that pass by themselves. */
	if (error == UV_EAGAIN || error == UV_ENOMEM || error == UV_EMFILE ||
	    error == UV_ENFILE)
		kind = FAULT_RETRY;
	return (fault_set(f, kind, "%s: cannot be started in %s: %s", p->name,
	    c->folder, strerror(-error)));
}

struct exec_program *
exec_program_start(uv_loop_t *loop, const struct exec_config *c,
    const char *sink, const struct exec_program_events *events, void *arg,
    struct fault *f)
{
	struct exec_program *p;
	char **env;

	if ((env = exec_environment(c, sink, f)) == NULL)
		return (NULL);
	if (exec_find(c, env, f) == -1 || (p = calloc(1, sizeof(*p))) == NULL) {
		exec_environment_free(env);
		return (NULL);
	}
	p->name = c->command[0];
	p->events = *events;
	p->arg = arg;
	p->log.sink = sink;
	uv_pipe_init(loop, &p->in, 0);
	uv_pipe_init(loop, &p->out, 0);
	uv_pipe_init(loop, &p->err, 0);
	uv_timer_init(loop, &p->timer);
	p->process.data = p->in.data = p->out.data = p->err.data = p;
	p->timer.data = p;
	p->handles = 5;
	p->started = spawn(p, loop, c, env, f) == 0;
	exec_environment_free(env);
	if (!p->started) {
		exec_program_abandon(p);
		return (NULL);
	}
	uv_read_start((uv_stream_t *)&p->out, on_alloc, on_output);
	uv_read_start((uv_stream_t *)&p->err, on_alloc, on_error_output);
	return (p);
}
