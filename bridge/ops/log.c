#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bridge/ops/log.h"

/* A line is one write, and a pipe takes 4096 bytes (PIPE_BUF) as one piece: so
 * lines of several threads and processes do not mix. */
#define LINE_MAX_BYTES 4096
/* Kept free for what ends a line. */
#define LINE_END 8

struct line {
	char data[LINE_MAX_BYTES];
	size_t len;
};

enum style { STYLE_TEXT, STYLE_JOURNAL, STYLE_JSON };

static const char *const level_names[] = { "error", "warn", "info", "debug" };

/* Workers read them while a reload may set them. */
static atomic_int current_level = LOG_INFO;
static atomic_int current_style = STYLE_TEXT;

/* Is stderr the stream to journald that $JOURNAL_STREAM names by device and
 * inode?  The variable alone is inherited by things with another stderr. */
static int
is_journal(void)
{
	const char *stream;
	struct stat st;
	char own[64];

	if ((stream = getenv("JOURNAL_STREAM")) == NULL ||
	    fstat(STDERR_FILENO, &st) == -1)
		return (0);
	(void)snprintf(own, sizeof(own), "%ju:%ju", (uintmax_t)st.st_dev,
	    (uintmax_t)st.st_ino);
	return (strcmp(stream, own) == 0);
}

void
log_setup(enum log_level level, enum log_format format)
{
	enum style style = STYLE_TEXT;

	if (format == LOG_JSON)
		style = STYLE_JSON;
	else if (format == LOG_AUTO && is_journal())
		style = STYLE_JOURNAL;
	atomic_store(&current_level, level);
	atomic_store(&current_style, style);
}

int
log_enabled(enum log_level level)
{
	return ((int)level <= atomic_load(&current_level));
}

/* All of it or nothing, so that no escape is cut in two; room for the end of
 * the line stays. */
static int
put(struct line *l, const char *s, size_t len)
{
	if (len > sizeof(l->data) - LINE_END - l->len)
		return (-1);
	memcpy(l->data + l->len, s, len);
	l->len += len;
	return (0);
}

static int
puts_line(struct line *l, const char *s)
{
	return (put(l, s, strlen(s)));
}

/* The length of the valid UTF-8 sequence (RFC 3629) at ${s}, or 0.  The text is
 * NUL-ended, and a NUL is no continuation. */
static size_t
utf8_sequence(const unsigned char *s)
{
	unsigned char low = 0x80, high = 0xbf;
	size_t i, n;

	if (s[0] < 0x80)
		return (1);
	n = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	if (s[0] < 0xc2 || s[0] > 0xf4)
		return (0);
	if (s[0] == 0xe0)
		low = 0xa0; /* overlong */
	if (s[0] == 0xed)
		high = 0x9f; /* surrogates */
	if (s[0] == 0xf0)
		low = 0x90;
	if (s[0] == 0xf4)
		high = 0x8f;
	for (i = 1; i < n; i++) {
		if (s[i] < low || s[i] > high)
			return (0);
		low = 0x80;
		high = 0xbf;
	}
	return (n);
}

/* C0, DEL and C1 (a terminal takes U+009B for the start of a command). */
static int
is_control(const unsigned char *s)
{
	return (*s < 0x20 || *s == 0x7f || (*s == 0xc2 && s[1] < 0xa0));
}

/* Append ${text} so that it can neither end the line nor speak to a terminal:
 * controls and what is no UTF-8 are escaped. */
static void
put_escaped(struct line *l, const char *text, int json)
{
	const unsigned char *s = (const unsigned char *)text;
	char piece[8];
	size_t n;

	for (; *s != '\0'; s += n) {
		n = utf8_sequence(s);
		if (n == 0) {
			n = 1;
			(void)snprintf(piece, sizeof(piece),
			    json ? "\\ufffd" : "\\x%02x", *s);
		} else if (is_control(s))
			(void)snprintf(piece, sizeof(piece),
			    json ? "\\u%04x" : "\\x%02x", s[n - 1]);
		else
			(void)snprintf(piece, sizeof(piece), "%s%.*s",
			    json && (*s == '"' || *s == '\\') ? "\\" : "",
			    (int)n, (const char *)s);
		if (puts_line(l, piece) == -1)
			return;
	}
}

static void
put_time(struct line *l)
{
	struct timespec now;
	char text[48];
	struct tm tm;
	size_t n;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	n = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(
	    text + n, sizeof(text) - n, ".%03ldZ", now.tv_nsec / 1000000);
	puts_line(l, text);
}

static void
make_text(struct line *l, enum style style, enum log_level level,
    const char *module, const char *subject, const char *text)
{
	/* syslog's err, warning, info and debug. */
	static const char *const priorities[] = { "<3>", "<4>", "<6>", "<7>" };

	if (style == STYLE_JOURNAL)
		puts_line(l, priorities[level]);
	else {
		put_time(l);
		puts_line(l, " ");
	}
	puts_line(l, level_names[level]);
	puts_line(l, ": ");
	puts_line(l, module);
	puts_line(l, ": ");
	if (subject != NULL) {
		put_escaped(l, subject, 0);
		puts_line(l, ": ");
	}
	put_escaped(l, text, 0);
}

static void
make_json(struct line *l, enum log_level level, const char *module,
    const char *subject, const char *text)
{
	puts_line(l, "{\"ts\":\"");
	put_time(l);
	puts_line(l, "\",\"level\":\"");
	puts_line(l, level_names[level]);
	puts_line(l, "\",\"module\":\"");
	puts_line(l, module);
	if (subject != NULL) {
		puts_line(l, "\",\"subject\":\"");
		put_escaped(l, subject, 1);
	}
	puts_line(l, "\",\"msg\":\"");
	put_escaped(l, text, 1);
	/* Into the room that was kept. */
	memcpy(l->data + l->len, "\"}", 2);
	l->len += 2;
}

/* A log that nobody takes must not stop the bridge: what cannot be written now
 * is lost. */
static void
write_line(const char *data, size_t len)
{
	ssize_t n;

	while (len > 0) {
		n = write(STDERR_FILENO, data, len);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		data += n;
		len -= (size_t)n;
	}
}

void
log_write(enum log_level level, const char *module, const char *subject,
    const char *fmt, ...)
{
	char text[2048];
	struct line l;
	enum style style;
	int saved = errno;
	va_list ap;

	if (!log_enabled(level))
		return;
	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	l.len = 0;
	style = (enum style)atomic_load(&current_style);
	if (style == STYLE_JSON)
		make_json(&l, level, module, subject, text);
	else
		make_text(&l, style, level, module, subject, text);
	l.data[l.len++] = '\n';
	write_line(l.data, l.len);
	errno = saved;
}
