/* limits.h - every maximum, each with its reason. */
#ifndef LIMITS_H
#define LIMITS_H

/* IMAP, section "what a server may make us hold" */

/* A response line without its literals.  Real ones (CAPABILITY, FLAGS with
 * hundreds of keywords, ID) stay below 8 KiB; SEARCH is read in pieces. */
#define LIMIT_IMAP_LINE (256U * 1024)

/* A literal that is not message data (a mailbox name, a quoted text). */
#define LIMIT_IMAP_SMALL_LITERAL (64U * 1024)

/* Open parentheses in one response; a FETCH answer to our items needs 2. */
#define LIMIT_IMAP_NESTING 64

/* A command line: Yahoo and UW take 1000 octets, Courier 16 k, Dovecot 64 k. */
#define LIMIT_IMAP_COMMAND 1000

/* What stands in it beside a set of UIDs: tag, FETCH, and what is asked for. */
#define LIMIT_IMAP_ITEMS 160

/* UIDs asked for in one FETCH: enough that a far server is not idle most of the
 * time.  One FETCH at a time: servers (Dovecot among them) may answer two at
 * once, in turns, and events would leave the order of their UIDs. */
#define LIMIT_FETCH_UIDS 1024
#define LIMIT_FETCH_PIPELINE 1

/* STATUS commands under way at once: enough that a far server is not idle. */
#define LIMIT_STATUS_PIPELINE 8

/* Mailboxes of one account that patterns bring in, and octets of a name: a
 * server that lists more is broken or hostile. */
#define LIMIT_PATTERN_MAILBOXES 10000
#define LIMIT_MAILBOX_NAME 1000

/* Ranges of a SEARCH answer kept at once; what is left is searched again. */
#define LIMIT_SEARCH_RANGES 65536

/* From the first packet to the end of the greeting. */
#define LIMIT_CONNECT_SECONDS 30

/* The longest wait for the end of a command, and for the next piece of a FETCH,
 * where command_seconds does not say otherwise. */
#define LIMIT_COMMAND_SECONDS 60

/* Octets of a message that came before the connection died, from which on they
 * are kept; so many more must come each time, or it goes the way of those that
 * break a connection. */
#define LIMIT_REST_OCTETS (16U * 1024)

/* Octets of message data that are such a piece: a modem is faster. */
#define LIMIT_FETCH_PIECE 4096

/* Whoever brings fewer octets of a message in a second, after some seconds,
 * keeps no others waiting: only what came is charged to the budget then, in
 * such steps. */
#define LIMIT_BODY_PACE (64U * 1024)
#define LIMIT_BODY_GRACE_SECONDS 5
#define LIMIT_BODY_STEP (256U * 1024)

/* Octets of a message beyond limits.max_message_bytes that are read only to be
 * thrown away; for more than these a new connection is cheaper. */
#define LIMIT_DISCARD (8U * 1024 * 1024)

/* The same of a server that was asked for the start of a message and sends all
 * of it: there is no better way left to get it. */
#define LIMIT_DISCARD_PART (1024U * 1024 * 1024)

/* Octets of the text that are asked for of a message that the server does not
 * hand over whole. */
#define LIMIT_FETCH_START (64U * 1024)

/* The header of a message that comes apart. */
#define LIMIT_FETCH_HEADER (1024U * 1024)

/* Octets that are no message data, between the ends of two commands or from one
 * message to the next: the SEARCH of ten million UIDs stays below. */
#define LIMIT_IMAP_TALK (128U * 1024 * 1024)

/* How far below the mark UIDs that turn up late are looked for, and the ranges
 * of UIDs that are remembered for it; half of them, 6 KiB, in the store. */
#define LIMIT_SWEEP_UIDS 5000
#define LIMIT_SWEEP_RANGES 512

/* How long a stop waits for what is in flight. */
#define LIMIT_DRAIN_SECONDS 20

/* A sink that has owed an answer for so long is called slow: the slowest that
 * work, a transaction on a busy broker, need a few seconds. */
#define LIMIT_SINK_SLOW_SECONDS 10

/* A mail that a sink has asked for again so often is told of by its name: fewer
 * times are every outage's. */
#define LIMIT_SINK_TRIES 5

/* Mails that are held while all their sinks are down: some of other mailboxes
 * must be there to be tried, else one mail that a sink never takes would stop
 * all. */
#define LIMIT_WHILE_DOWN 64

/* Connects under way at once, in the whole process: more would only make each
 * of them slower, and servers suspicious. */
#define LIMIT_CONNECTING 64

/* How long sent octets may stay unacknowledged before the peer counts as gone.
 */
#define LIMIT_TCP_USER_TIMEOUT_MS 60000

/* Bytes read from one connection before the others get their turn. */
#define LIMIT_READ_TURN (256U * 1024)

/* Octets of the field Message-ID that are looked at; RFC 5322 allows 998. */
#define LIMIT_LOOK 4096U

/* The last so many mails of a mailbox are remembered by their fingerprints, all
 * of them; of older ones a half for each time that it is as long ago, which is
 * enough to find one of them in an old backup: 16 more for each doubling, 200
 * of 50 000 mails, 460 of as many as there are UIDs.  A row is 100 octets: with
 * ten thousand mailboxes the store stays below 200 MB. */
#define LIMIT_FINGERPRINTS 32

/* Mails of a mailbox that is numbered anew that are alike to remembered ones,
 * as far as can be seen without reading them; a mailbox full of copies of one
 * has more, and they are published again. */
#define LIMIT_REMATCH_ALIKE 4096

/* Where nothing is remembered of a mailbox: mail that is older than its last
 * commit by so much, a long week-end and more, was read. */
#define LIMIT_REMATCH_BACKLOG_SECONDS (7 * 86400)

/* Messages of one mailbox between FETCH and commit. */
#define LIMIT_ACK_WINDOW 4096

/* The processor time that the conversion of one message may take, and octets
 * for which it gets a second more: fifty times what a slow processor needs.
 * And the time by the clock, for a conversion that waits for ever: whatever
 * else the machine does. */
#define LIMIT_CONVERT_SECONDS 10
#define LIMIT_CONVERT_SECOND_OCTETS (4U * 1024 * 1024)
#define LIMIT_CONVERT_STALL_SECONDS 600

/* How often a conversion may end the process before the message goes to the
 * dead letter: a kill or a power cut may have hit an innocent one; three times
 * in a row, alone, is no chance.  And how many such messages are remembered. */
#define LIMIT_CONVERT_CRASHES 3
#define LIMIT_CONVERT_SUSPECTS 1000

/* Conversions at once that are noted: more than a machine has processors. */
#define LIMIT_CONVERT_SLOTS 256

/* The longest retention of the blob store, in days: a century. */
#define LIMIT_BLOB_DAYS 36500

/* Text of a flag list of one message. */
#define LIMIT_FLAGS 4096

/* An id of RFC 8474 (section 6 allows 255 octets), and the text of Gmail's
 * labels of one message: 225 octets are one. */
#define LIMIT_OBJECT_ID 255
#define LIMIT_LABELS (16U * 1024)

/* A secret file. */
#define LIMIT_SECRET (64U * 1024)

/* The answer of a token endpoint (real ones are below 8 KiB, or 64 KiB with a
 * thousand groups in the token), how long one may take. */
#define LIMIT_HTTP_ANSWER (64U * 1024)
#define LIMIT_HTTP_SECONDS 30

/* Connections to token endpoints at once. */
#define LIMIT_HTTP_OPEN 32

/* The longest Retry-After that is honoured. */
#define LIMIT_RETRY_AFTER_SECONDS 3600

/* Requests of a webhook at once: more would be an attack on most receivers. */
#define LIMIT_WEBHOOK_IN_FLIGHT 64

/* Secrets that sign a webhook: the new one, the old one, and some spare. */
#define LIMIT_WEBHOOK_SECRETS 8

/* The longest time for one request or answer that a sink may be given, so that
 * a mistake in the unit of time is seen. */
#define LIMIT_SINK_TIMEOUT_SECONDS 3600

/* Events that a program may have unanswered, the longest line that it may
 * answer, and the lines of its standard error that are logged in a minute. */
#define LIMIT_EXEC_IN_FLIGHT 1024
#define LIMIT_EXEC_ANSWER 4096
#define LIMIT_EXEC_STDERR_LINE 1024
#define LIMIT_EXEC_STDERR_LINES 30

/* Starts of a program that end at one event, which it had alone: so many, and
 * other events are tried in its place; after one of those was answered so many,
 * and it is refused.  Few, since all mail waits meanwhile, and enough that a
 * program that fails now and then comes through.  Events so put aside: more of
 * them in a row than anybody sends by mistake. */
#define LIMIT_EXEC_STARTS_ASIDE 3
#define LIMIT_EXEC_STARTS_REFUSED 5
#define LIMIT_EXEC_ASIDE 32

/* The smallest max_event_bytes: the coordinates of a mail must fit. */
#define LIMIT_EVENT_BYTES_MIN (16U * 1024)

/* A command that prints a token: its output, and how long it may take. */
#define LIMIT_COMMAND_OUTPUT (64U * 1024)
#define LIMIT_COMMAND_TOKEN_SECONDS 30

/* The admin port: who may be connected at once, how long one may say nothing,
 * and what a request may hold: a browser's is below 4 KiB. */
#define LIMIT_ADMIN_CONNECTIONS 32
#define LIMIT_ADMIN_SECONDS 30
#define LIMIT_ADMIN_REQUEST (16U * 1024)

/* Mailboxes that have series of their own in the metrics: patterns may bring in
 * more than a Prometheus wants; all are counted in any case. */
#define LIMIT_METRICS_MAILBOXES 20000

/* A page of the admin port: a hundred thousand mailboxes stay below. */
#define LIMIT_ADMIN_PAGE ((size_t)256 * 1024 * 1024)

/* A config file, and the nesting of its values. */
#define LIMIT_CONFIG_FILE (8U * 1024 * 1024)
#define LIMIT_CONFIG_NESTING 32

/* Files that "include:" may bring in: more than the mailboxes of one process.
 */
#define LIMIT_CONFIG_INCLUDES 16384

/* Envelope, section "what a sender may make us do".  Beyond these the event is
 * cut and its problems say so; the raw message keeps its hash. */

/* Top-level header fields, and their octets; mail with long DKIM and ARC chains
 * has 200 fields in 64 KiB. */
#define LIMIT_ENVELOPE_HEADERS 2000
#define LIMIT_ENVELOPE_HEADER_BYTES (1024U * 1024)

/* Octets of one of them, so that it does not cost the others their place: the
 * first recipients of a list of ten million are still told. */
#define LIMIT_ENVELOPE_FIELD (256U * 1024)

/* Multiparts inside one another, and parts in all: mail clients make 5 and
 * 300. */
#define LIMIT_ENVELOPE_NESTING 100
#define LIMIT_ENVELOPE_PARTS 1000

/* How often body lines that start with "--" are compared with the boundaries of
 * the multiparts that they are in.  A dump of a database of 64 MiB, as text, in
 * five multiparts, makes 8 million. */
#define LIMIT_ENVELOPE_COMPARED (1U << 25)

/* Mailboxes over all address fields together, and ids in one field. */
#define LIMIT_ENVELOPE_RECIPIENTS 2000
#define LIMIT_ENVELOPE_IDS 1000

/* Octets between two ASCII characters that are put into Form C: a subject in
 * Chinese or Korean stays below. */
#define LIMIT_ENVELOPE_NFC 1024

/* Parameters of one header field, pieces of RFC 2231 included. */
#define LIMIT_ENVELOPE_PARAMS 128

/* Octets of a part's name, charset, Content-ID and the like.  File systems take
 * 255. */
#define LIMIT_ENVELOPE_PART_VALUE 1024

/* Octets of each of body.text and body.html; what is longer is a log file.
 * JSON may write each octet as six. */
#define LIMIT_ENVELOPE_TEXT (8U * 1024 * 1024)

/* Octets that are searched for a preview of 256 characters. */
#define LIMIT_ENVELOPE_PREVIEW (256U * 1024)

/* Problems told of one message, and octets of one's detail. */
#define LIMIT_ENVELOPE_PROBLEMS 100
#define LIMIT_ENVELOPE_DETAIL 200

/* Memory for names, addresses and the part tree of one message.  The limits
 * above keep the need far below it. */
#define LIMIT_ENVELOPE_ARENA (64U * 1024 * 1024)

/* The JSON of one event: a message of 64 MiB, escaped, stays below. */
#define LIMIT_ENVELOPE_EVENT ((size_t)1 << 31)

#endif
