/* buf.h - bytes that grow up to a stated maximum. */
#ifndef BUF_H
#define BUF_H

#include <stdarg.h>
#include <stddef.h>

struct buf {
	char *data; /* NULL while empty and unallocated; else NUL-ended */
	size_t len;
	size_t cap;
	size_t max; /* len never exceeds it */
	int failed; /* an append was refused: over max or out of memory */
};

/* Start an empty buffer that holds at most ${max} bytes.  No allocation. */
void buf_init(struct buf *, size_t max);

/* Make room for ${len} more bytes; 0, or -1 (and failed is set). */
int buf_reserve(struct buf *, size_t len);

/* Append.  0, or -1 when that would pass max or memory is out; then nothing
 * was appended and failed is set, so that a writer of many pieces may check
 * failed once, at the end.  The data stays NUL-ended (not counted in len). */
int buf_put(struct buf *, const void *, size_t len);
int buf_puts(struct buf *, const char *);
static inline int buf_putc(struct buf *, char);
int buf_printf(struct buf *, const char *, ...)
    __attribute__((format(printf, 2, 3)));

/* Remove the first ${len} bytes (at most all). */
void buf_consume(struct buf *, size_t len);

/* Empty it, keeping the memory; or give the memory back as well. */
void buf_clear(struct buf *);
void buf_free(struct buf *);

/* Take the memory out (free() it; NULL when nothing was appended) and leave
 * the buffer empty. */
char *buf_take(struct buf *);

/* JSON is written by single characters: most of them should cost no call. */
static inline int
buf_putc(struct buf *b, char c)
{
	if (b->cap - b->len < 2 || b->len == b->max)
		return (buf_put(b, &c, 1));
	b->data[b->len++] = c;
	b->data[b->len] = '\0';
	return (0);
}

#endif
