/* Recorded dialogues with real servers (tests/transcripts), played again: the
 * session must say what was said then, whether octets come one by one or in
 * lines; and if they end anywhere, it has told what was whole by then, and no
 * more. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bridge/buf.h"
#include "bridge/fault.h"
#include "bridge/imap/session.h"
#include "bridge/limits.h"
#include "bridge/message.h"

#define FOLDER "tests/transcripts"
#define MAX (4U << 20)

/* A line of a transcript; of the server's, its octets in player.octets. */
struct line {
	int ours;
	char *text;
	size_t at, len;
};

struct transcript {
	struct line lines[2000];
	size_t n;
	struct buf octets; /* all that the server says */
};

struct player {
	const struct transcript *t;
	struct session *session;
	struct buf sent, story;
	size_t fed;
	size_t *told; /* octets of the story by each octet; or NULL */
	int greeted, failed;
};

static void
unescape(char *s)
{
	char *to = s, hex[3] = "";

	for (; *s != '\0'; s++) {
		if (s[0] == '\\' && s[1] == 'x') {
			memcpy(hex, s + 2, 2);
			*to++ = (char)strtoul(hex, NULL, 16);
			s += 3;
		} else {
			*to++ = *s;
		}
	}
	*to = '\0';
}

static void
load(const char *name, struct transcript *t)
{
	char path[400], text[20000];
	struct line *l;
	FILE *in;

	*t = (struct transcript){ .n = 0 };
	buf_init(&t->octets, MAX);
	(void)snprintf(path, sizeof(path), FOLDER "/%s", name);
	assert_non_null(in = fopen(path, "r"));
	while (fgets(text, sizeof(text), in) != NULL) {
		text[strcspn(text, "\n")] = '\0';
		assert_true(text[1] == ':' && text[2] == ' ');
		unescape(text);
		assert_true(t->n < 2000);
		l = &t->lines[t->n++];
		l->ours = text[0] == 'C';
		l->text = strdup(text + 3);
		l->at = t->octets.len;
		if (!l->ours)
			buf_printf(&t->octets, "%s\r\n", text + 3);
		l->len = t->octets.len - l->at;
	}
	fclose(in);
}

static void
unload(struct transcript *t)
{
	while (t->n > 0)
		free(t->lines[--t->n].text);
	buf_free(&t->octets);
}

static void
on_message(struct player *p, const struct message *m)
{
	struct buf *octets = (struct buf *)&p->t->octets;

	buf_printf(&p->story, "message %u %zu/%llu %.*s\n", m->uid, m->raw_len,
	    (unsigned long long)m->size, (int)m->raw_len, m->raw);
	/* Whole, and not before its end: the line's end came with it. */
	assert_int_equal(m->raw_len, m->size);
	assert_int_equal(octets->data[p->fed - 1], '\n');
	if (!m->joined)
		assert_non_null(
		    memmem(octets->data, p->fed, m->raw, m->raw_len));
}

static void
on_event(struct player *p, const struct session_event *ev)
{
	buf_printf(&p->story, "event %d\n", ev->kind);
	switch (ev->kind) {
	case SESSION_LOGIN:
		session_login(p->session, "user", "x", 0);
		break;
	case SESSION_FOUND:
		buf_printf(&p->story, "%u:%u\n", ev->lo, ev->hi);
		break;
	case SESSION_LISTED:
	case SESSION_STATUS:
		buf_printf(&p->story, "%s %u\n", ev->name, ev->uidnext);
		break;
	case SESSION_BODY:
		session_body(p->session, malloc(100000), 100000);
		break;
	case SESSION_MESSAGE:
		on_message(p, ev->message);
		message_free(ev->message);
		break;
	case SESSION_FAILED:
		p->failed = 1;
		break;
	default:
		break;
	}
}

static void
pump(struct player *p)
{
	struct session_event ev;
	struct buf *out;

	while (session_next(p->session, &ev))
		on_event(p, &ev);
	out = session_output(p->session);
	buf_put(&p->sent, out->data, out->len);
	buf_clear(out);
}

/* Without the tag, if the command is ${name}: what follows it; else NULL. */
static const char *
after(const char *line, const char *name)
{
	size_t n = strlen(name);

	line += strcspn(line, " ");
	line += *line == ' ';
	return (strncmp(line, name, n) == 0 ? line + n : NULL);
}

static enum fetch_form
form_of(const char *items)
{
	if (strcmp(items, "(UID RFC822.SIZE)") == 0)
		return (FETCH_SIZES);
	if (strcmp(items, "BODY.PEEK[]") == 0)
		return (FETCH_PLAIN);
	if (strcmp(items, "BODY.PEEK[HEADER]") == 0)
		return (FETCH_APART);
	return (FETCH_WHOLE);
}

static char *
unquote(const char *text, char *to, size_t size)
{
	(void)snprintf(
	    to, size, "%.*s", (int)strcspn(text + 1, "\""), text + 1);
	return (to);
}

/* Say what was said then, unless the session has said it by itself. */
static void
say(struct player *p, const char *line)
{
	struct session *s = p->session;
	char name[1000], want[2000];
	const char *rest;
	struct fault f;

	(void)snprintf(want, sizeof(want), "%s\r\n", line);
	if (p->sent.len > 0) {
		/* by itself */
	} else if ((rest = after(line, "EXAMINE ")) != NULL) {
		unquote(rest, name, sizeof(name));
		assert_int_equal(session_select(s, name, name, 0, &f), 0);
	} else if ((rest = after(line, "UID SEARCH RETURN (ALL) ")) != NULL ||
	    (rest = after(line, "UID SEARCH ")) != NULL) {
		session_search(s, rest, 0);
	} else if ((rest = after(line, "UID FETCH ")) != NULL) {
		(void)snprintf(
		    name, sizeof(name), "%.*s", (int)strcspn(rest, " "), rest);
		session_fetch(s, name, form_of(rest + strlen(name) + 1), 0, 0);
	} else if ((rest = after(line, "LIST \"\" ")) != NULL) {
		unquote(rest, name, sizeof(name));
		assert_int_equal(session_list(s, name, 0, &f), 0);
	} else if ((rest = after(line, "STATUS ")) != NULL) {
		unquote(rest, name, sizeof(name));
		assert_int_equal(session_status(s, name, name, 0, &f), 0);
	} else if (after(line, "NOTIFY ") != NULL) {
		session_notify(s, 0);
	} else if (after(line, "UNSELECT") != NULL) {
		assert_int_equal(session_unselect(s, 0), 1);
	} else if (after(line, "IDLE") != NULL) {
		session_idle(s, 0);
	} else if (strcmp(line, "DONE") == 0) {
		session_idle_end(s, 0);
	} else if (after(line, "NOOP") != NULL) {
		session_noop(s, 0);
	} else if (after(line, "LOGOUT") != NULL) {
		session_logout(s, 0);
	}
	pump(p);
	if (p->sent.len < strlen(want) ||
	    memcmp(p->sent.data, want, strlen(want)) != 0)
		fail_msg("then: %swhere now: %s", want,
		    p->sent.len > 0 ? p->sent.data : "nothing");
	buf_consume(&p->sent, strlen(want));
}

/* Octets from the server; each piece in memory of its own, so that reading past
 * what was lent shows. */
static void
hear(struct player *p, const char *octets, size_t len, size_t step)
{
	char *piece;
	size_t n;

	for (; len > 0; octets += n, len -= n) {
		n = len < step ? len : step;
		piece = malloc(n);
		memcpy(piece, octets, n);
		p->fed += n;
		/* The transport hands the greeting over as a whole. */
		if (p->greeted) {
			session_feed(p->session, piece, n, 0);
			pump(p);
		}
		free(piece);
		if (p->told != NULL)
			p->told[p->fed] = p->story.len;
	}
}

/* Play ${t} up to its octet ${cut}, in pieces of ${step}. */
static void
play(struct player *p, const struct transcript *t, size_t cut, size_t step,
    size_t *told)
{
	struct session_config config = { .command_ms = 1000 };
	const struct line *l;
	size_t i, n;

	*p = (struct player){ .t = t, .told = told };
	buf_init(&p->sent, MAX);
	buf_init(&p->story, MAX);
	buf_puts(&p->story, "");
	p->session = session_new(&config, 0);
	for (i = 0; i < t->n && p->fed < cut; i++) {
		l = &t->lines[i];
		/* The greeting, and what the transport asks with it. */
		if (l->ours && l->text[0] == 'A')
			continue;
		if (l->ours && !p->greeted) {
			p->greeted = 1;
			session_feed(p->session, t->octets.data, p->fed, 0);
			session_greeted(p->session, 0);
			pump(p);
		}
		if (l->ours) {
			say(p, l->text);
			continue;
		}
		n = cut - p->fed < l->len ? cut - p->fed : l->len;
		hear(p, t->octets.data + l->at, n, step);
	}
}

static void
leave(struct player *p)
{
	session_free(p->session);
	buf_free(&p->sent);
	buf_free(&p->story);
}

/* The octets have ended: the one who waits for an answer finds out. */
static void
check_loss(struct player *p)
{
	int waits = session_deadline(p->session) != UINT64_MAX;

	session_tick(p->session, UINT64_MAX - 1);
	pump(p);
	assert_int_equal(p->failed, waits);
}

static void
play_all_ways(const struct transcript *t)
{
	size_t len = t->octets.len, cut;
	size_t *told = calloc(len + 1, sizeof(*told));
	struct player whole, part;

	play(&whole, t, len, 1, told);
	assert_false(whole.failed);
	assert_non_null(strstr(whole.story.data, "message "));
	for (cut = 2; cut < 40; cut++) {
		play(&part, t, len, cut, NULL);
		assert_string_equal(part.story.data, whole.story.data);
		leave(&part);
	}
	for (cut = 0; cut < len; cut++) {
		play(&part, t, cut, SIZE_MAX, NULL);
		assert_int_equal(part.story.len, told[cut]);
		assert_memory_equal(
		    part.story.data, whole.story.data, told[cut]);
		check_loss(&part);
		leave(&part);
	}
	leave(&whole);
	free(told);
}

static void
test_every_transcript(void **state)
{
	struct transcript t;
	struct dirent *entry;
	unsigned count = 0;
	DIR *dir;

	(void)state;
	assert_non_null(dir = opendir(FOLDER));
	while ((entry = readdir(dir)) != NULL) {
		if (strstr(entry->d_name, ".txt") == NULL)
			continue;
		load(entry->d_name, &t);
		play_all_ways(&t);
		unload(&t);
		count++;
	}
	closedir(dir);
	assert_true(count >= 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_transcript),
	};

	return (cmocka_run_group_tests_name("transcripts", tests, NULL, NULL));
}
