#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "bridge/buf.h"
#include "bridge/envelope/event.h"
#include "bridge/fault.h"
#include "bridge/message.h"
#include "bridge/cli/args.h"
#include "bridge/cli/cli.h"
#include "bridge/cli/convert.h"

/* A mail larger than this is a mistake on the command line. */
#define CONVERT_MAX ((size_t)1 << 30)

struct convert {
	struct message *message;
	struct envelope_options options;
};

static int
convert_modes(struct envelope_options *o, const struct args *args)
{
	static const char *const contents[] = { [ENVELOPE_NONE] = "none",
		[ENVELOPE_INLINE] = "inline",
		[ENVELOPE_STORE] = "store",
		NULL };
	static const char *const formats[] = {
		[ENVELOPE_V1] = "envelope", [ENVELOPE_JMAP] = "jmap", NULL
	};
	static const char *const carried[] = { [ENVELOPE_BINARY] = "binary",
		[ENVELOPE_STRUCTURED] = "structured",
		[ENVELOPE_BARE] = "none",
		NULL };
	unsigned attachments = o->attachments, raw = o->raw;
	unsigned format = o->format, cloudevents = o->cloudevents;
	int rc;

	if ((rc = args_choice(args, "attachments", contents, &attachments)) !=
		0 ||
	    (rc = args_choice(args, "raw", contents, &raw)) != 0 ||
	    (rc = args_choice(args, "format", formats, &format)) != 0 ||
	    (rc = args_choice(args, "cloudevents", carried, &cloudevents)) != 0)
		return (rc);
	o->attachments = (enum envelope_content)attachments;
	o->raw = (enum envelope_content)raw;
	o->format = (enum envelope_format)format;
	o->cloudevents = (enum envelope_cloudevents)cloudevents;
	return (0);
}

/* A number from 1 on, if given. */
static int
convert_number(
    const struct args *args, const char *name, uint64_t max, uint64_t *n)
{
	switch (args_number(args, name, max, n)) {
	case -1:
		return (EX_USAGE);
	case 1:
		if (*n == 0)
			return (args_wrong(args->cmd, "--%s: not 0", name));
		break;
	}
	return (0);
}

static int
convert_time(const struct args *args, struct message *m)
{
	const char *text = args_value(args, "received-at"), *end;
	struct tm tm = { .tm_sec = 0 };

	if (text == NULL)
		return (0);
	end = strptime(text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	if (end == NULL || *end != '\0')
		return (args_wrong(args->cmd,
		    "--received-at: a time like 2026-05-01T10:30:00Z, not %s",
		    text));
	m->internaldate = timegm(&tm);
	m->has_internaldate = 1;
	return (0);
}

/* Read the options; 0 or EX_USAGE. */
static int
convert_options(struct convert *c, const struct args *args)
{
	struct message *m = c->message;
	uint64_t uid = m->uid, most = SIZE_MAX;
	const char *value;
	int rc;

	if ((value = args_value(args, "account")) != NULL)
		m->account = value;
	if ((value = args_value(args, "mailbox")) != NULL)
		m->mailbox = value;
	if ((value = args_value(args, "flags")) != NULL &&
	    (m->flags = strdup(value)) == NULL)
		return (EX_OSERR);
	if ((rc = convert_number(args, "uid", UINT32_MAX, &uid)) != 0 ||
	    (rc = convert_number(
		 args, "uidvalidity", INT64_MAX, &m->uidvalidity)) != 0 ||
	    (rc = convert_number(args, "max-event-bytes", SIZE_MAX, &most)) !=
		0 ||
	    (rc = convert_time(args, m)) != 0 ||
	    (rc = convert_modes(&c->options, args)) != 0)
		return (rc);
	m->uid = (uint32_t)uid;
	m->replay = args_value(args, "replay") != NULL;
	c->options.max_event_bytes = most == SIZE_MAX ? 0 : (size_t)most;
	return (0);
}

static int
convert_read(struct message *m)
{
	struct buf in;
	ssize_t n;

	buf_init(&in, CONVERT_MAX);
	do {
		if (buf_reserve(&in, (size_t)1 << 16) == -1) {
			fprintf(stderr,
			    "mailbridge convert: the mail is larger than %zu "
			    "bytes\n",
			    CONVERT_MAX);
			buf_free(&in);
			return (EX_DATAERR);
		}
		n = read(STDIN_FILENO, in.data + in.len, (size_t)1 << 16);
		if (n > 0)
			in.len += (size_t)n;
	} while (n > 0 || (n == -1 && errno == EINTR));
	if (n == -1) {
		fprintf(stderr, "mailbridge convert: standard input: %s\n",
		    strerror(errno));
		buf_free(&in);
		return (EX_NOINPUT);
	}
	m->raw_len = in.len;
	m->size = in.len;
	m->raw = buf_take(&in);
	return (0);
}

static int
convert_write(const struct convert *c)
{
	struct event *ev;
	struct fault f;
	int failed;

	if ((ev = event_new(c->message, &c->options, &f)) == NULL) {
		fprintf(stderr, "mailbridge convert: %s\n", f.text);
		return (fault_exit_code(f.kind));
	}
	failed = fwrite(ev->data, 1, ev->len, stdout) != ev->len ||
	    putchar('\n') == EOF || fflush(stdout) == EOF;
	if (failed)
		fprintf(stderr, "mailbridge convert: standard output: %s\n",
		    strerror(errno));
	event_free(ev);
	return (failed ? EX_IOERR : EX_OK);
}

int
cli_convert(int argc, char **argv)
{
	struct convert c = { .options = { .attachments = ENVELOPE_INLINE } };
	struct args args;
	int rc;

	if (args_parse(&args, argc, argv) == -1)
		return (EX_USAGE);
	if ((c.message = message_new()) == NULL)
		return (EX_OSERR);
	c.message->account = "convert";
	c.message->mailbox = "INBOX";
	c.message->uid = 1;
	c.message->uidvalidity = 1;
	if ((rc = convert_options(&c, &args)) == 0 &&
	    (rc = convert_read(c.message)) == 0)
		rc = convert_write(&c);
	message_free(c.message);
	return (rc);
}
