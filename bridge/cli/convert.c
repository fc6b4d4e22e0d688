#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "bridge/buf.h"
#include "bridge/envelope/event.h"
#include "bridge/fault.h"
#include "bridge/message.h"
#include "bridge/cli/convert.h"

/* A mail larger than this is a mistake on the command line. */
#define CONVERT_MAX ((size_t)1 << 30)

static const char convert_usage[] =
    "usage: mailbridge convert [options] < MAIL\n"
    "\n"
    "Read one mail (RFC 5322, LF or CRLF line ends) from standard input and "
    "print\n"
    "its event, one JSON object, on one line.  Nothing is sent anywhere.\n"
    "\n"
    "  --account NAME       account in the event (default: convert)\n"
    "  --mailbox NAME       mailbox in the event (default: INBOX)\n"
    "  --uid N              UID, 1 to 4294967295 (default: 1)\n"
    "  --uidvalidity N      UIDVALIDITY (default: 1)\n"
    "  --flags FLAGS        IMAP flags: \"\\Seen \\Flagged\" (default: none)\n"
    "  --attachments MODE   inline, store or none (default: inline); the "
    "octets of\n"
    "                       stored ones are not kept by this command\n"
    "  --raw MODE           inline, store or none (default: none)\n"
    "  --max-event-bytes N  the largest event allowed (default: no limit)\n"
    "  --help               this text\n";

struct convert {
	struct message *message;
	struct envelope_options options;
};

/* A whole number in [min, max]; 0, or -1 with a complaint. */
static int
convert_number(const char *option, const char *text, unsigned long long min,
    unsigned long long max, unsigned long long *value)
{
	char *end;

	errno = 0;
	*value = strtoull(text, &end, 10);
	if (errno == 0 && end != text && *end == '\0' && text[0] >= '0' &&
	    text[0] <= '9' && *value >= min && *value <= max)
		return (0);
	fprintf(stderr,
	    "mailbridge convert: --%s: not a number from %llu to %llu: %s\n",
	    option, min, max, text);
	return (-1);
}

static int
convert_mode(const char *option, const char *text, enum envelope_content *mode)
{
	static const char *const names[] = { [ENVELOPE_NONE] = "none",
		[ENVELOPE_INLINE] = "inline",
		[ENVELOPE_STORE] = "store" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(names[i], text) == 0) {
			*mode = (enum envelope_content)i;
			return (0);
		}
	fprintf(stderr,
	    "mailbridge convert: --%s: inline, store or none, not %s\n", option,
	    text);
	return (-1);
}

/* Read the options; 0, an exit code, or -1 when --help was all. */
static int
convert_options(struct convert *c, int argc, char **argv)
{
	static const struct option options[] = { { "account", required_argument,
						     NULL, 'a' },
		{ "mailbox", required_argument, NULL, 'm' },
		{ "uid", required_argument, NULL, 'u' },
		{ "uidvalidity", required_argument, NULL, 'v' },
		{ "flags", required_argument, NULL, 'f' },
		{ "attachments", required_argument, NULL, 't' },
		{ "raw", required_argument, NULL, 'r' },
		{ "max-event-bytes", required_argument, NULL, 'x' },
		{ "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 } };
	struct message *m = c->message;
	unsigned long long n;
	int opt, rc = 0, index = 0;

	optind = 1;
	while (rc == 0 &&
	    (opt = getopt_long(argc, argv, "", options, &index)) != -1) {
		switch (opt) {
		case 'a':
			m->account = optarg;
			break;
		case 'm':
			m->mailbox = optarg;
			break;
		case 'u':
			rc = convert_number("uid", optarg, 1, UINT32_MAX, &n);
			m->uid = (uint32_t)n;
			break;
		case 'v':
			rc = convert_number(
			    "uidvalidity", optarg, 1, UINT64_MAX, &n);
			m->uidvalidity = n;
			break;
		case 'f':
			free(m->flags);
			if ((m->flags = strdup(optarg)) == NULL)
				return (EX_OSERR);
			break;
		case 't':
			rc = convert_mode(
			    "attachments", optarg, &c->options.attachments);
			break;
		case 'r':
			rc = convert_mode("raw", optarg, &c->options.raw);
			break;
		case 'x':
			rc = convert_number(
			    "max-event-bytes", optarg, 0, SIZE_MAX, &n);
			c->options.max_event_bytes = (size_t)n;
			break;
		case 'h':
			fputs(convert_usage, stdout);
			return (-1);
		default:
			return (EX_USAGE);
		}
	}
	if (rc == 0 && optind < argc) {
		fprintf(stderr,
		    "mailbridge convert: unexpected: %s (the mail is read from "
		    "standard input)\n",
		    argv[optind]);
		rc = -1;
	}
	return (rc == 0 ? 0 : EX_USAGE);
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
	struct convert c = { .options = { ENVELOPE_INLINE, ENVELOPE_NONE, 0 } };
	int rc;

	if ((c.message = message_new()) == NULL)
		return (EX_OSERR);
	c.message->account = "convert";
	c.message->mailbox = "INBOX";
	c.message->uid = 1;
	c.message->uidvalidity = 1;
	if ((rc = convert_options(&c, argc, argv)) == 0 &&
	    (rc = convert_read(c.message)) == 0)
		rc = convert_write(&c);
	message_free(c.message);
	return (rc == -1 ? EX_OK : rc);
}
