/* fetch_discard.c - the ceiling for every IMAP reader: log in by TLS, FETCH
 * the whole mailbox with one command, count and forget.
 *
 * fetch_discard HOST PORT USER PASSWORD MAILBOX; prints messages and bytes. */
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct reader {
	SSL *ssl;
	char data[65536];
	size_t at, len;
};

static void
die(const char *what)
{
	fprintf(stderr, "fetch_discard: %s\n", what);
	ERR_print_errors_fp(stderr);
	exit(1);
}

static int
dial(const char *host, const char *port)
{
	struct addrinfo hints, *list, *a;
	int fd = -1;

	memset(&hints, 0, sizeof(hints));
	hints.ai_socktype = SOCK_STREAM;
	if (getaddrinfo(host, port, &hints, &list) != 0)
		die("no such host");
	for (a = list; a != NULL && fd == -1; a = a->ai_next) {
		fd = socket(a->ai_family, a->ai_socktype, 0);
		if (fd != -1 && connect(fd, a->ai_addr, a->ai_addrlen) == -1) {
			close(fd);
			fd = -1;
		}
	}
	freeaddrinfo(list);
	if (fd == -1)
		die("cannot connect");
	return (fd);
}

static void
fill(struct reader *r)
{
	int n = SSL_read(r->ssl, r->data, (int)sizeof(r->data));

	if (n <= 0)
		die("the connection ended");
	r->at = 0;
	r->len = (size_t)n;
}

static void
skip(struct reader *r, size_t n)
{
	while (n > 0) {
		size_t have;

		if (r->at == r->len)
			fill(r);
		have = r->len - r->at;
		if (have > n)
			have = n;
		r->at += have;
		n -= have;
	}
}

/* One line without its end, cut at ${size}. */
static void
read_line(struct reader *r, char *line, size_t size)
{
	size_t len = 0;
	char c = 0;

	while (c != '\n') {
		if (r->at == r->len)
			fill(r);
		c = r->data[r->at++];
		if (c != '\r' && c != '\n' && len + 1 < size)
			line[len++] = c;
	}
	line[len] = '\0';
}

/* The octets of a literal that ${line} ends with, or -1. */
static long
literal(const char *line)
{
	const char *open = strrchr(line, '{');
	char *end;
	long n;

	if (open == NULL)
		return (-1);
	n = strtol(open + 1, &end, 10);
	return (strcmp(end, "}") == 0 ? n : -1);
}

/* Send a command and read up to its tagged answer. */
static void
command(struct reader *r, const char *text, unsigned long *messages,
    unsigned long long *bytes)
{
	char line[65536];
	long n;

	if (SSL_write(r->ssl, text, (int)strlen(text)) <= 0)
		die("cannot write");
	for (;;) {
		read_line(r, line, sizeof(line));
		if (strncmp(line, "a ", 2) == 0)
			break;
		while ((n = literal(line)) != -1) {
			skip(r, (size_t)n);
			*messages += 1;
			*bytes += (unsigned long long)n;
			read_line(r, line, sizeof(line));
		}
	}
	if (strncmp(line, "a OK", 4) != 0)
		die(line);
}

int
main(int argc, char **argv)
{
	struct reader r;
	SSL_CTX *ctx;
	char text[1024];
	unsigned long messages = 0;
	unsigned long long bytes = 0;

	if (argc != 6)
		die("usage: HOST PORT USER PASSWORD MAILBOX");
	memset(&r, 0, sizeof(r));
	ctx = SSL_CTX_new(TLS_client_method());
	if (ctx == NULL || (r.ssl = SSL_new(ctx)) == NULL)
		die("no TLS");
	if (SSL_set_fd(r.ssl, dial(argv[1], argv[2])) != 1 ||
	    SSL_connect(r.ssl) != 1)
		die("TLS handshake");
	read_line(&r, text, sizeof(text));
	(void)snprintf(
	    text, sizeof(text), "a LOGIN %s %s\r\n", argv[3], argv[4]);
	command(&r, text, &messages, &bytes);
	(void)snprintf(text, sizeof(text), "a EXAMINE \"%s\"\r\n", argv[5]);
	command(&r, text, &messages, &bytes);
	command(&r, "a UID FETCH 1:* (UID FLAGS INTERNALDATE BODY.PEEK[])\r\n",
	    &messages, &bytes);
	printf("%lu messages, %llu bytes\n", messages, bytes);
	SSL_free(r.ssl);
	SSL_CTX_free(ctx);
	return (0);
}
