/* Any octets from a server, in pieces of any size, through the parser.  The
 * same octets in one piece must tell the same story. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/buf.h"
#include "bridge/fault.h"
#include "bridge/imap/response.h"

#define KEEP 64

static void
tell(struct buf *story, const struct response *r)
{
	const char *text = r->text;
	uint32_t lo, hi;

	/* A SEARCH may come in any number of pieces. */
	if (r->kind == RESPONSE_SEARCH) {
		while (response_range(&text, &lo, &hi))
			buf_printf(story, "found %u %u\n", lo, hi);
		return;
	}
	buf_printf(story, "%d %d %s [%s] %s %llu %u %d %s %d %lld %d %llu\n",
	    r->kind, r->condition, r->tag != NULL ? r->tag : "",
	    r->code != NULL ? r->code : "", r->text != NULL ? r->text : "",
	    (unsigned long long)r->number, r->fetch.uid, r->fetch.has_flags,
	    r->fetch.flags != NULL ? r->fetch.flags : "",
	    r->fetch.has_internaldate, (long long)r->fetch.internaldate,
	    r->fetch.has_body, (unsigned long long)r->fetch.body_size);
}

static void
parse(const uint8_t *bytes, size_t size, unsigned seed, struct buf *story)
{
	struct response_parser *p = response_parser_new();
	char body[KEEP], *piece;
	struct response r;
	struct fault f;
	const char *data;
	size_t n, left;
	int result = 0;

	while (size > 0 && result != -1) {
		seed = seed * 1103515245 + 12345;
		n = seed % 7 == 0 ? 1 + seed / 65536 % 300
				  : 1 + seed / 65536 % 5;
		if (n > size || seed == 0)
			n = size;
		piece = malloc(n);
		memcpy(piece, bytes, n);
		data = piece;
		left = n;
		while (
		    (result = response_parse(p, &data, &left, &r, &f)) == 1) {
			if (r.kind == RESPONSE_BODY)
				response_body(p, body, sizeof(body));
			else
				tell(story, &r);
		}
		free(piece);
		bytes += n;
		size -= n;
	}
	response_parser_free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf pieces, whole;

	if (size < 2)
		return (0);
	buf_init(&pieces, 1 << 24);
	buf_init(&whole, 1 << 24);
	buf_puts(&pieces, "");
	buf_puts(&whole, "");
	parse(data + 2, size - 2, 1U + data[0] + 256U * data[1], &pieces);
	parse(data + 2, size - 2, 715827882U, &whole);
	if (!pieces.failed && !whole.failed &&
	    strcmp(pieces.data, whole.data) != 0)
		abort();
	buf_free(&pieces);
	buf_free(&whole);
	return (0);
}
