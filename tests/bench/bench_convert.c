/* bench_convert.c - from raw message to finished event, attachments inline and
 * hashed, against what GMime takes to parse the same mails.
 *
 * usage: bench_convert [SECONDS [FILE...]]
 * Without files it makes mails of some 36 kB with an attachment. */
#include <gmime/gmime.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bridge/buf.h"
#include "bridge/envelope/base64.h"
#include "bridge/envelope/event.h"
#include "bridge/fault.h"
#include "bridge/message.h"

#define MAILS 256
#define ATTACHMENT 24000
#define ROUNDS 15

static double
now(void)
{
	struct timespec ts;

	/* CPU time: what a core does, whatever else it does. */
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ((double)ts.tv_sec + (double)ts.tv_nsec / 1e9);
}

static uint32_t
next(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return (*seed >> 8);
}

static void
put_attachment(struct buf *b, uint32_t *seed)
{
	char octets[ATTACHMENT], text[BASE64_ENCODED(ATTACHMENT)];
	size_t i;

	for (i = 0; i < sizeof(octets); i++)
		octets[i] = (char)next(seed);
	base64_encode((struct span){ octets, sizeof(octets) }, text);
	for (i = 0; i < sizeof(text); i += 76) {
		buf_put(
		    b, text + i, sizeof(text) - i < 76 ? sizeof(text) - i : 76);
		buf_puts(b, "\r\n");
	}
}

static void
put_text(struct buf *b, uint32_t *seed, const char *mark)
{
	static const char *const words[] = { "the", "order", "has", "been",
		"sent", "and", "will", "arrive", "on", "Monday" };
	int line, word;

	for (line = 0; line < 20; line++) {
		buf_puts(b, mark);
		for (word = 0; word < 10; word++)
			buf_printf(b, " %s", words[next(seed) % 10]);
		buf_puts(b, "\r\n");
	}
}

/* A mail as a provider hands it over: trace and signature fields, text and
 * HTML, one attachment. */
static void
make_mail(struct message *m, uint32_t n)
{
	struct buf b;
	uint32_t seed = n + 1;
	int i;

	buf_init(&b, 1 << 20);
	for (i = 0; i < 4; i++)
		buf_printf(&b,
		    "Received: from mx%d.example.com (mx%d.example.com "
		    "[192.0.2.%d])\r\n\tby mail.example.org (Postfix) with "
		    "ESMTPS id 4F%08X\r\n\tfor <orders@example.org>; Fri, 01 "
		    "May 2026 12:30:0%d +0200 (CEST)\r\n",
		    i, i, i + 1, next(&seed), i);
	buf_puts(&b,
	    "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; "
	    "d=example.com;\r\n\ts=mail; h=from:to:subject:date; "
	    "bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=;\r\n\t");
	for (i = 0; i < 4; i++)
		buf_puts(&b,
		    "b=dzdVyOfAKCdLXdJOc9G2q8LoXSlEniSbav+yuU4zGeer"
		    "uD00lszZVoG4ZHRNiYzR\r\n\t");
	buf_printf(&b,
	    "b=\r\nReturn-Path: <sales@example.com>\r\n"
	    "Message-ID: <%u.%u@example.com>\r\n"
	    "Date: Fri, 01 May 2026 12:30:00 +0200\r\n"
	    "From: =?UTF-8?Q?J=C3=B6rg_M=C3=BCller?= <sales@example.com>\r\n"
	    "To: Orders <orders@example.org>, \"Doe, Jane\" "
	    "<jane@example.org>\r\n"
	    "Subject: =?UTF-8?B?QmVzdGVsbHVuZyBmw7xyIE3DvG5jaGVu?= %u\r\n"
	    "MIME-Version: 1.0\r\nX-Mailer: bench 1.0\r\n"
	    "Content-Type: multipart/mixed; boundary=\"outer\"\r\n\r\n",
	    n, next(&seed), n);
	buf_puts(&b,
	    "--outer\r\nContent-Type: multipart/alternative; "
	    "boundary=\"inner\"\r\n\r\n--inner\r\nContent-Type: "
	    "text/plain; charset=utf-8\r\n"
	    "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
	    "Gr=C3=BC=C3=9Fe\r\n");
	put_text(&b, &seed, ">");
	buf_puts(&b,
	    "--inner\r\nContent-Type: text/html; charset=utf-8\r\n"
	    "\r\n<html><body>\r\n");
	put_text(&b, &seed, "<p>");
	buf_puts(&b,
	    "</body></html>\r\n--inner--\r\n\r\n--outer\r\n"
	    "Content-Type: application/pdf; name=\"order.pdf\"\r\n"
	    "Content-Disposition: attachment; "
	    "filename=\"order.pdf\"\r\n"
	    "Content-Transfer-Encoding: base64\r\n\r\n");
	put_attachment(&b, &seed);
	buf_puts(&b, "--outer--\r\n");
	m->raw_len = m->size = b.len;
	m->raw = buf_take(&b);
}

static void
read_mail(struct message *m, const char *path)
{
	struct buf b;
	FILE *in;
	size_t n;

	buf_init(&b, SIZE_MAX / 4);
	if ((in = fopen(path, "rb")) == NULL) {
		perror(path);
		exit(1);
	}
	do {
		if (buf_reserve(&b, 1 << 16) == -1)
			exit(1);
		n = fread(b.data + b.len, 1, 1 << 16, in);
		b.len += n;
	} while (n != 0);
	fclose(in);
	m->raw_len = m->size = b.len;
	m->raw = buf_take(&b);
}

static void
convert(const struct message *m)
{
	const struct envelope_options o = { .attachments = ENVELOPE_INLINE };
	struct event *ev;
	struct fault f;

	if ((ev = event_new(m, &o, &f)) == NULL) {
		fprintf(stderr, "%s\n", f.text);
		exit(1);
	}
	event_free(ev);
}

static void
parse(const struct message *m)
{
	GByteArray *bytes;
	GMimeStream *stream;
	GMimeParser *parser;
	GMimeMessage *message;

	bytes = g_byte_array_new_take((guint8 *)m->raw, m->raw_len);
	stream = g_mime_stream_mem_new();
	g_mime_stream_mem_set_byte_array(GMIME_STREAM_MEM(stream), bytes);
	parser = g_mime_parser_new_with_stream(stream);
	message = g_mime_parser_construct_message(parser, NULL);
	if (message != NULL)
		g_object_unref(message);
	g_object_unref(parser);
	g_object_unref(stream);
	g_byte_array_free(bytes, FALSE);
}

/* Bytes per second of ${what} over the mails again and again. */
static double
run(struct message **mails, size_t n, double seconds,
    void (*what)(const struct message *))
{
	double start = now(), end = start + seconds, bytes = 0;
	size_t i;

	do {
		for (i = 0; i < n; i++) {
			what(mails[i]);
			bytes += (double)mails[i]->raw_len;
		}
	} while (now() < end);
	return (bytes / (now() - start));
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return ((x > y) - (x < y));
}

static double
median(double v[ROUNDS])
{
	qsort(v, ROUNDS, sizeof(v[0]), by_value);
	return (v[ROUNDS / 2]);
}

/* In turns, so that what else the machine does meets both alike. */
static void
compare(struct message **mails, size_t n, double seconds, double size)
{
	double ours[ROUNDS], gmime[ROUNDS], ratio[ROUNDS], a, b;
	int i;

	(void)run(mails, n, seconds / ROUNDS, convert); /* warms up */
	for (i = 0; i < ROUNDS; i++) {
		gmime[i] = run(mails, n, seconds / ROUNDS, parse);
		ours[i] = run(mails, n, seconds / ROUNDS, convert);
		ratio[i] = ours[i] / gmime[i];
	}
	a = median(ours);
	b = median(gmime);
	printf("mails of %.0f bytes: converted %.0f MB/s (%.0f mails/s), "
	       "GMime parse alone %.0f MB/s (%.0f mails/s), ratio %.2f; "
	       "medians of %d rounds in turns, fastest %.0f and %.0f MB/s\n",
	    size, a / 1e6, a / size, b / 1e6, b / size, median(ratio), ROUNDS,
	    ours[ROUNDS - 1] / 1e6, gmime[ROUNDS - 1] / 1e6);
}

int
main(int argc, char **argv)
{
	struct message **mails;
	double seconds = argc > 1 ? strtod(argv[1], NULL) : 2, bytes = 0;
	size_t i, n = argc > 2 ? (size_t)argc - 2 : MAILS;

	g_mime_init();
	if ((mails = calloc(n, sizeof(*mails))) == NULL)
		return (1);
	for (i = 0; i < n; i++) {
		if ((mails[i] = message_new()) == NULL)
			return (1);
		mails[i]->account = "bench";
		mails[i]->mailbox = "INBOX";
		mails[i]->uidvalidity = 1;
		mails[i]->uid = (uint32_t)i + 1;
		if (argc > 2)
			read_mail(mails[i], argv[i + 2]);
		else
			make_mail(mails[i], (uint32_t)i);
		bytes += (double)mails[i]->raw_len;
	}
	compare(mails, n, seconds, bytes / (double)n);
	for (i = 0; i < n; i++)
		message_free(mails[i]);
	free(mails);
	return (0);
}
