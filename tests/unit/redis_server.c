#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>
#include <hiredis/hiredis.h>

#include "redis_server.h"
#include "scratch.h"

/* The port of a cluster's node is 10000 higher. */
#define MAX_PORT 50000

int
redis_server_free_port(void)
{
	struct sockaddr_in sin;
	socklen_t len = sizeof(sin);
	int fd;

	do {
		sin = (struct sockaddr_in){ .sin_family = AF_INET,
			.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
		fd = socket(AF_INET, SOCK_STREAM, 0);
		assert_int_equal(bind(fd, (struct sockaddr *)&sin, len), 0);
		assert_int_equal(
		    getsockname(fd, (struct sockaddr *)&sin, &len), 0);
		close(fd);
	} while (ntohs(sin.sin_port) > MAX_PORT);
	return (ntohs(sin.sin_port));
}

/* It says so on its standard output. */
static void
wait_ready(FILE *fp)
{
	char line[512];

	while (fgets(line, sizeof(line), fp) != NULL) {
		if (strstr(line, "eady to accept connections") != NULL)
			return;
	}
	fail_msg("redis-server did not start");
}

void
redis_server_again(struct redis_server *s)
{
	char command[2048];
	int fds[2];
	FILE *fp;

	(void)snprintf(command, sizeof(command),
	    "exec redis-server --port %d --bind 127.0.0.1 --unixsocket %s "
	    "--dir %s --save '' --appendonly yes --appendfsync always "
	    "--enable-debug-command yes %s",
	    s->port, s->socket, s->folder, s->options);
	assert_int_equal(pipe(fds), 0);
	fflush(NULL);
	if ((s->pid = fork()) == 0) {
		/* No test leaves a server behind, not even one that dies. */
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(fds[1], STDOUT_FILENO);
		close(fds[0]);
		close(fds[1]);
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	assert_true(s->pid > 0);
	close(fds[1]);
	fp = fdopen(fds[0], "r");
	wait_ready(fp);
	wait_ready(fp); /* on the port and on the socket, and with TLS */
	if (strstr(s->options, "--tls-port") != NULL)
		wait_ready(fp);
	fclose(fp);
	s->admin = redisConnectUnix(s->socket);
	assert_int_equal(s->admin->err, 0);
}

void
redis_server_start(struct redis_server *s, const char *options)
{
	memset(s, 0, sizeof(*s));
	scratch_folder(s->folder, sizeof(s->folder));
	(void)snprintf(s->socket, sizeof(s->socket), "%s/socket", s->folder);
	(void)snprintf(s->options, sizeof(s->options), "%s", options);
	s->port = redis_server_free_port();
	redis_server_again(s);
}

void
redis_server_kill(struct redis_server *s)
{
	if (s->pid == 0)
		return;
	kill(s->pid, SIGKILL);
	assert_int_equal(waitpid(s->pid, NULL, 0), s->pid);
	s->pid = 0;
	redisFree(s->admin);
	s->admin = NULL;
}

void
redis_server_end(struct redis_server *s)
{
	redis_server_kill(s);
	(void)scratch_remove(s->folder);
}

long long
redis_server_do(struct redis_server *s, const char *fmt, ...)
{
	long long n = -1;
	redisReply *r;
	va_list ap;

	va_start(ap, fmt);
	r = redisvCommand(s->admin, fmt, ap);
	va_end(ap);
	assert_non_null(r);
	if (r->type == REDIS_REPLY_INTEGER)
		n = r->integer;
	if (r->type == REDIS_REPLY_ERROR)
		fail_msg("%s: %s", fmt, r->str);
	freeReplyObject(r);
	return (n);
}
