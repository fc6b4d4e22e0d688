#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bridge/auth/oauth2.h"
#include "bridge/buf.h"
#include "bridge/envelope/date.h"
#include "bridge/ops/page.h"
#include "bridge/report.h"
#include "bridge/store/checkpoint.h"
#include "bridge/version.h"

/* Good mailboxes stop being listed here, so that bad ones find room. */
#define GOOD_SHOWN (PAGE_MAILBOXES / 2)

static void
escaped(struct page *p, const char *text)
{
	for (; *text != '\0'; text++) {
		switch (*text) {
		case '<':
			buf_puts(p->out, "&lt;");
			break;
		case '>':
			buf_puts(p->out, "&gt;");
			break;
		case '&':
			buf_puts(p->out, "&amp;");
			break;
		case '"':
			buf_puts(p->out, "&quot;");
			break;
		default:
			buf_putc(p->out, *text);
		}
	}
}

static void
cell(struct page *p, const char *text)
{
	buf_puts(p->out, "<td>");
	escaped(p, text);
}

static void
number_cell(struct page *p, int known, uint64_t value)
{
	if (known)
		buf_printf(p->out, "<td class=n>%" PRIu64, value);
	else
		buf_puts(p->out, "<td class=n>-");
}

static void
date_cell(struct page *p, int64_t seconds)
{
	char text[DATE_TEXT];

	cell(p, seconds != 0 && date_utc(seconds, text) == 0 ? text : "-");
}

void
page_begin(struct page *p, int64_t started_at)
{
	char text[DATE_TEXT];

	buf_puts(p->out,
	    "<!DOCTYPE html>\n<html lang=en><meta charset=utf-8>"
	    "<title>mailbridge</title>\n<style>body{font:14px sans-serif;"
	    "margin:2em}table{border-collapse:collapse}td,th{border:1px solid "
	    "#ccc;padding:2px 8px;text-align:left}.n{text-align:right}"
	    ".bad{background:#fdd}</style>\n");
	buf_puts(p->out, "<h1>mailbridge " MAILBRIDGE_VERSION "</h1>\n");
	if (date_utc(started_at, text) == 0)
		buf_printf(p->out, "<p>Running since %s.\n", text);
	buf_puts(p->out,
	    "<p><a href=/status>/status</a> <a href=/metrics>/metrics</a> "
	    "<a href=/readyz>/readyz</a> <a href=/livez>/livez</a>\n");
}

void
page_text(struct page *p, const char *text)
{
	buf_puts(p->out, "<pre>");
	escaped(p, text);
	buf_puts(p->out, "</pre>\n");
}

void
page_clients(struct page *p)
{
	buf_puts(p->out,
	    "<h2>OAuth2 clients</h2>\n<table><tr><th>client<th>token until<th>"
	    "secret until<th>certificate until<th>last error\n");
}

void
page_client(struct page *p, const struct oauth2_facts *facts)
{
	int bad = facts->token_until != 0 && facts->token_until < p->now;

	bad |= facts->secret_until != 0 && facts->secret_until < p->now;
	bad |=
	    facts->certificate_until != 0 && facts->certificate_until < p->now;
	buf_puts(p->out, bad ? "<tr class=bad>" : "<tr>");
	cell(p, facts->client);
	date_cell(p, facts->token_until);
	date_cell(p, facts->secret_until);
	date_cell(p, facts->certificate_until);
	cell(p, facts->error);
	buf_putc(p->out, '\n');
}

void
page_mailboxes(struct page *p)
{
	buf_puts(p->out,
	    "</table>\n<h2>Mailboxes</h2>\n<table><tr><th>account<th>mailbox"
	    "<th>state<th>UID<th>lag<th>last success<th>last error\n");
}

void
page_mailbox(struct page *p, const struct report_mailbox *m)
{
	const struct checkpoint_status *s = m->status;
	int bad = strcmp(m->state, "backing-off") == 0;

	p->good += !bad;
	p->bad += bad;
	if (p->shown >= PAGE_MAILBOXES || (!bad && p->good > GOOD_SHOWN)) {
		p->hidden++;
		return;
	}
	p->shown++;
	buf_puts(p->out, bad ? "<tr class=bad>" : "<tr>");
	cell(p, m->account);
	cell(p, m->mailbox);
	cell(p, m->state);
	number_cell(p, m->has_checkpoint, m->uid);
	number_cell(p, s != NULL, s != NULL ? s->lag : 0);
	date_cell(p, s != NULL ? s->last_success : 0);
	cell(p, s != NULL ? s->last_error : "");
	buf_putc(p->out, '\n');
}

void
page_end(struct page *p)
{
	buf_printf(p->out,
	    "</table>\n<p>%zu mailboxes, %zu of them wait to connect again",
	    p->good + p->bad, p->bad);
	if (p->hidden > 0)
		buf_printf(p->out, "; %zu are not listed here, but in /status",
		    p->hidden);
	buf_puts(p->out, ".\n");
}
