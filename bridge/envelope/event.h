/* event.h - a message as it is published: one JSON object (envelope v1) with
 * its CloudEvents 1.0.2 attributes.  Making one is a pure function from bytes
 * to bytes: it may run on any thread, reads no clock, no file and no network.
 */
#ifndef EVENT_H
#define EVENT_H

#include <stddef.h>
#include <stdint.h>

struct fault;
struct message;

enum envelope_content { ENVELOPE_NONE, ENVELOPE_INLINE, ENVELOPE_STORE };

/* The data: envelope v1, or RFC 8621's Email object. */
enum envelope_format { ENVELOPE_V1, ENVELOPE_JMAP };

/* Where the CloudEvents attributes are: beside the data, in fields of the sink
 * (where it has such); around it, in the JSON event format; or nowhere. */
enum envelope_cloudevents {
	ENVELOPE_BINARY,
	ENVELOPE_STRUCTURED,
	ENVELOPE_BARE
};

struct envelope_options {
	enum envelope_content attachments;
	enum envelope_content raw;
	enum envelope_format format;
	enum envelope_cloudevents cloudevents;
	size_t max_event_bytes; /* of data; 0: no limit */
};

/* Octets to be stored by content before the event may be published. */
struct event_blob {
	char id[72]; /* "sha256-<64 hex>" */
	char *data;
	size_t len;
};

/* The types of events. */
#define EVENT_TYPE "mailbridge.message.received.v1"
#define EVENT_REFUSED "mailbridge.message.refused.v1" /* see notice.h */
#define EVENT_RESET "mailbridge.mailbox.reset.v1"

struct event {
	/* Coordinates; account and mailbox are the event's own copies. */
	char *account;
	char *mailbox;
	uint64_t uidvalidity;
	uint32_t uid;
	uint64_t epoch; /* at the end of the id; or 0 */
	int numbered;	/* the mail's own first event: the UID tells a sink with
			 * exactly_once whether it has it; 0: always to be added
			 */

	/* CloudEvents attributes, and whether a sink that has a place for them
	 * writes them beside the data. */
	const char *type; /* one of the EVENT_TYPEs; never freed */
	char *id;	  /* "<uidValidity>-<uid>", see fields_id() */
	char *source;	  /* "/mailbridge/<account>/<mailbox>" */
	char time[24];	  /* RFC 3339 UTC of INTERNALDATE; "" if unknown */
	int attributes;

	/* For sinks that key by them; NULL when the mail has none. */
	char *message_id; /* without <> */
	char *thread_id;  /* the server's, if it tells one; else first of
			   * References, In-Reply-To, message_id, without <> */

	char blob_id[72]; /* of the whole mail: "sha256-<64 hex>"; "" where not
			   * all of it is here, or the event is no mail's */

	const char *content_type; /* of the data; never freed */
	char *data;		  /* a JSON object, UTF-8, no line feed in it */
	size_t len;

	unsigned shares; /* event_free() calls that only give one back */

	struct event_blob *blobs; /* for ENVELOPE_STORE, and for what an
				   * event over max_event_bytes references */
	size_t nblobs;
};

/* Turn ${m} into its event.  Any bytes at all give an event; the result is
 * valid UTF-8 JSON and, where max_event_bytes is set, never longer than it
 * (but for a limit so small that not even the coordinates fit: FAULT_CONFIG).
 * NULL with ${f} set only then or when memory is out. */
struct event *event_new(
    const struct message *m, const struct envelope_options *, struct fault *f);

/* The number of bytes ${ev} holds, for the in-flight budget. */
size_t event_footprint(const struct event *ev);

/* One more owner, to call event_free(); on one thread. */
struct event *event_share(struct event *);

/* Free it; event_free(NULL) has no effect. */
void event_free(struct event *);

#endif
