#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>
#include <cmocka.h>

#include "redis_relay.h"

static struct sockaddr_in
loopback(int port)
{
	return ((struct sockaddr_in){ .sin_family = AF_INET,
	    .sin_port = htons((uint16_t)port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) });
}

/* 1 if something came and went on. */
static int
pass(int from, int to, int *cut)
{
	char octets[65536];
	ssize_t n = read(from, octets, sizeof(octets)), done = 0, w;

	if (n <= 0)
		return (0);
	if (cut != NULL && *cut > 0 && --*cut == 0)
		return (0);
	while (done < n) {
		if ((w = write(to, octets + done, (size_t)(n - done))) <= 0)
			return (0);
		done += w;
	}
	return (1);
}

static void
serve(int client, int port, int *cut)
{
	struct sockaddr_in sin = loopback(port);
	struct pollfd fds[2];
	int server = socket(AF_INET, SOCK_STREAM, 0), open = 1;

	if (connect(server, (struct sockaddr *)&sin, sizeof(sin)) == -1)
		open = 0;
	while (open) {
		fds[0] = (struct pollfd){ .fd = client, .events = POLLIN };
		fds[1] = (struct pollfd){ .fd = server, .events = POLLIN };
		(void)poll(fds, 2, -1);
		if (fds[0].revents != 0)
			open = pass(client, server, NULL);
		if (open && fds[1].revents != 0)
			open = pass(server, client, cut);
	}
	close(server);
	close(client);
}

void
redis_relay_start(struct redis_relay *r, int server_port)
{
	struct sockaddr_in sin = loopback(0);
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&sin, len), 0);
	assert_int_equal(listen(fd, 5), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sin, &len), 0);
	r->port = ntohs(sin.sin_port);
	r->cut = mmap(NULL, sizeof(int), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(r->cut, MAP_FAILED);
	*r->cut = 0;
	if ((r->pid = fork()) == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)signal(SIGPIPE, SIG_IGN);
		for (;;)
			serve(accept(fd, NULL, NULL), server_port, r->cut);
	}
	assert_true(r->pid > 0);
	close(fd);
}

void
redis_relay_end(struct redis_relay *r)
{
	kill(r->pid, SIGKILL);
	assert_int_equal(waitpid(r->pid, NULL, 0), r->pid);
	munmap(r->cut, sizeof(int));
}
