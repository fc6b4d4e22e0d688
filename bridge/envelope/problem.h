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
	PROBLEM_HEADER_REPEATED,
	PROBLEM_PARAMETER_REPAIRED,
	PROBLEM_TEXT_ENCODED,
	PROBLEM_NUL_DROPPED,
	PROBLEM_DATE_GUESSED,
	PROBLEM_MULTIPART_UNCLOSED,
	PROBLEM_MESSAGE_INCOMPLETE,
	PROBLEM_MESSAGE_JOINED,
	PROBLEM_SERVER_PLACEHOLDER,
	PROBLEM_CODES
};

/* The code as an event has it, and what it means in one sentence. */
struct problem_text {
	const char *code;
	const char *meaning;
};

extern const struct problem_text problem_texts[PROBLEM_CODES];

/* docs/problems.md says more of each. */

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
