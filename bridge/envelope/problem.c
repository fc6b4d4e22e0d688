#include <stdio.h>
#include <string.h>

#include "bridge/buf.h"
#include "bridge/envelope/problem.h"
#include "bridge/envelope/utf8.h"

const struct problem_text problem_texts[PROBLEM_CODES] = {
	[PROBLEM_MESSAGE_UNAVAILABLE] = { "messageUnavailable",
	    "the server lists the message and does not hand it over" },
	[PROBLEM_MESSAGE_TRUNCATED] = { "messageTruncated",
	    "larger than limits.max_message_bytes, only its start is here" },
	[PROBLEM_HEADER_MALFORMED] = { "headerMalformed",
	    "lines that are no header field were skipped" },
	[PROBLEM_HEADER_CHARSET] = { "headerCharset",
	    "8-bit octets or words in a charset that does not fit" },
	[PROBLEM_HEADERS_CUT] = { "headersCut",
	    "header fields beyond the maximum are left out" },
	[PROBLEM_RECIPIENTS_CUT] = { "recipientsCut",
	    "addresses or ids beyond the maximum are left out" },
	[PROBLEM_DATE_INVALID] = { "dateInvalid",
	    "the Date field cannot be read" },
	[PROBLEM_CONTENT_TYPE_INVALID] = { "contentTypeInvalid",
	    "taken as text/plain" },
	[PROBLEM_MULTIPART_EMPTY] = { "multipartEmpty",
	    "a multipart without parts, taken as text/plain" },
	[PROBLEM_STRUCTURE_CUT] = { "structureCut",
	    "parts too many or too deeply nested are left out" },
	[PROBLEM_ENCODING_UNKNOWN] = { "encodingUnknown",
	    "unknown transfer encoding, octets as they are" },
	[PROBLEM_ENCODING_REPAIRED] = { "encodingRepaired",
	    "damaged base64 or quoted-printable" },
	[PROBLEM_CHARSET_UNKNOWN] = { "charsetUnknown",
	    "read as UTF-8, else windows-1252" },
	[PROBLEM_CHARSET_GUESSED] = { "charsetGuessed",
	    "text that does not fit its charset, or has none" },
	[PROBLEM_CHARSET_REPLACED] = { "charsetReplaced",
	    "octets that are no character became U+FFFD" },
	[PROBLEM_ATTACHMENT_REFERENCED] = { "attachmentReferenced",
	    "event too large, content stored by blobId" },
	[PROBLEM_RAW_REFERENCED] = { "rawReferenced",
	    "event too large, raw message stored by blobId" },
	[PROBLEM_BODY_TRUNCATED] = { "bodyTruncated", "body text is cut" },
	[PROBLEM_EVENT_CUT] = { "eventCut",
	    "event still too large, lists are cut" },
	[PROBLEM_PROBLEMS_CUT] = { "problemsCut", "more than are told" },
	[PROBLEM_HEADER_REPEATED] = { "headerRepeated", "the last one counts" },
	[PROBLEM_PARAMETER_REPAIRED] = { "parameterRepaired",
	    "pieces or percent signs of a parameter are damaged" },
	[PROBLEM_TEXT_ENCODED] = { "textEncoded",
	    "a text holds an encoded file, left as it is" },
	[PROBLEM_NUL_DROPPED] = { "nulDropped", "NUL octets are left out" },
	[PROBLEM_DATE_GUESSED] = { "dateGuessed",
	    "no zone that is known, UTC is taken; or a leap second" },
	[PROBLEM_MULTIPART_UNCLOSED] = { "multipartUnclosed",
	    "its last boundary is missing, it may be cut off" },
	[PROBLEM_MESSAGE_INCOMPLETE] = { "messageIncomplete",
	    "the server does not hand over all of it, only its start is here" },
	[PROBLEM_MESSAGE_JOINED] = { "messageJoined",
	    "header and text came apart, the server does not send it whole" },
	[PROBLEM_SERVER_PLACEHOLDER] = { "serverPlaceholder",
	    "this is what the server sends in place of the message" },
};

void
problem_add(struct problems *ps, enum problem_code code, struct span place,
    struct span value)
{
	struct span detail;
	struct buf text;
	size_t i;
	int always =
	    code == PROBLEM_BODY_TRUNCATED || code == PROBLEM_EVENT_CUT;

	buf_init(&text, LIMIT_ENVELOPE_DETAIL);
	/* Without details they are told once, and fit behind the maximum. */
	if (always)
		place.len = value.len = 0;
	place.len = utf8_floor(place, LIMIT_ENVELOPE_DETAIL / 2);
	value.len = utf8_floor(value, LIMIT_ENVELOPE_DETAIL / 2 - 2);
	(void)buf_put(&text, place.data, place.len);
	if (place.len != 0 && value.len != 0)
		(void)buf_put(&text, ": ", 2);
	(void)buf_put(&text, value.data, value.len);
	detail = (struct span){ text.data, text.len };
	for (i = 0; i < ps->n; i++)
		if (ps->items[i].code == code &&
		    ps->items[i].detail.len == detail.len &&
		    (detail.len == 0 ||
			memcmp(ps->items[i].detail.data, detail.data,
			    detail.len) == 0))
			goto done;
	if (!always && ps->n >= LIMIT_ENVELOPE_PROBLEMS)
		goto done;
	if (!always && ps->n == LIMIT_ENVELOPE_PROBLEMS - 1) {
		code = PROBLEM_PROBLEMS_CUT;
		detail.len = 0;
	}
	ps->items[ps->n].code = code;
	ps->items[ps->n].detail = arena_copy(ps->arena, detail);
	ps->n++;
done:
	buf_free(&text);
}

void
problem_add_part(struct problems *ps, enum problem_code code, struct span id,
    struct span value)
{
	char place[LIMIT_ENVELOPE_DETAIL / 2];
	int len;

	/* A multipart at the top has no number. */
	len = snprintf(place, sizeof(place), "part %.*s",
	    (int)utf8_floor(id, sizeof(place) - 8), id.len != 0 ? id.data : "");
	problem_add(ps, code,
	    (struct span){ place, id.len != 0 ? (size_t)len : 0 }, value);
}
