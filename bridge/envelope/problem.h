/* problem.h - what was wrong with a message and what was done about it: the
 * codes of "problems" in an event.  Codes are part of the contract: they are
 * added, never changed. */
#ifndef PROBLEM_H
#define PROBLEM_H

#include "bridge/limits.h"
#include "bridge/envelope/arena.h"
#include "bridge/envelope/span.h"

enum problem_code {
	PROBLEM_MESSAGE_UNAVAILABLE,
	PROBLEM_MESSAGE_TRUNCATED,
	PROBLEM_HEADER_MALFORMED,
	PROBLEM_HEADER_CHARSET,
	PROBLEM_HEADERS_CUT,
	PROBLEM_RECIPIENTS_CUT,
	PROBLEM_DATE_INVALID,
	PROBLEM_CONTENT_TYPE_INVALID,
	PROBLEM_MULTIPART_EMPTY,
	PROBLEM_STRUCTURE_CUT,
	PROBLEM_ENCODING_UNKNOWN,
	PROBLEM_ENCODING_REPAIRED,
	PROBLEM_CHARSET_UNKNOWN,
	PROBLEM_CHARSET_GUESSED,
	PROBLEM_CHARSET_REPLACED,
	PROBLEM_ATTACHMENT_REFERENCED,
	PROBLEM_RAW_REFERENCED,
	PROBLEM_BODY_TRUNCATED,
	PROBLEM_EVENT_CUT,
	PROBLEM_PROBLEMS_CUT,
	PROBLEM_CODES
};

/* The code as an event has it, and what it means in one sentence. */
struct problem_text {
	const char *code;
	const char *meaning;
};

extern const struct problem_text problem_texts[PROBLEM_CODES];

/* The same table for readers:
 *
 * messageUnavailable   The server lists the message and does not hand it over;
 *                      the event holds nothing of it.
 * messageTruncated     Only the first octets of the message were taken, it is
 *                      larger than limits.max_message_bytes.
 * headerMalformed      Lines of the header that are no field were skipped.
 * headerCharset        A header field has octets that are neither ASCII nor
 *                      UTF-8, or words in a charset that does not fit; read as
 *                      well as possible.
 * headersCut           Header fields, or octets of a part's name and the like,
 *                      beyond the maximum are left out.
 * recipientsCut        Addresses or message ids beyond the maximum are left
 *                      out.
 * dateInvalid          The Date field cannot be read; sentAt is null.
 * contentTypeInvalid   A Content-Type cannot be read; taken as text/plain.
 * multipartEmpty       A multipart has no parts (no boundary, or it never
 *                      comes); its content is taken as text/plain.
 * structureCut         Parts too many or too deeply nested are left out.
 * encodingUnknown      A Content-Transfer-Encoding is unknown; the octets are
 *                      given as they are.
 * encodingRepaired     Base64 or quoted-printable is damaged; decoded as well
 *                      as possible.
 * charsetUnknown       A charset is unknown; read as UTF-8, else windows-1252.
 * charsetGuessed       Text does not fit its charset, or has none; read as
 *                      UTF-8, else windows-1252.
 * charsetReplaced      Octets that are no character became U+FFFD.
 * attachmentReferenced An attachment's content left the event, which was too
 *                      large: it is stored by blobId.
 * rawReferenced        The raw message left the event likewise.
 * bodyTruncated        body.text or body.html is cut.
 * eventCut             The event was still too large: header fields, the
 *                      structure, the attachment list or addresses are cut.
 * problemsCut          There are more problems than are told. */

struct problem {
	enum problem_code code;
	struct span detail;
};

struct problems {
	struct arena *arena;
	struct problem items[LIMIT_ENVELOPE_PROBLEMS + 2];
	size_t n;
};

/* Note one, with its place (a header field) and value (both may be empty); or
 * with the number of a part.  Exact repeats are noted once.  What cuts the
 * event is told even beyond the maximum. */
void problem_add(
    struct problems *, enum problem_code, struct span place, struct span value);
void problem_add_part(
    struct problems *, enum problem_code, struct span id, struct span value);

#endif
