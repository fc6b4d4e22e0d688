#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/buf.h"

#define BUF_FIRST 64

void
buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){ .max = max };
}

int
buf_reserve(struct buf *b, size_t len)
{
	size_t cap, need;
	char *data;

	if (len > b->max || b->len > b->max - len)
		goto fail;
	need = b->len + len + 1;
	if (need <= b->cap)
		return (0);
	cap = b->cap != 0 ? b->cap : BUF_FIRST;
	while (cap < need)
		cap = cap > need / 2 ? need : cap * 2;
	if (cap < b->cap * 2 && b->cap * 2 <= b->max + 1)
		cap = b->cap * 2;
	if ((data = realloc(b->data, cap)) == NULL)
		goto fail;
	b->data = data;
	b->cap = cap;
	return (0);

fail:
	b->failed = 1;
	return (-1);
}

int
buf_put(struct buf *b, const void *data, size_t len)
{
	if (buf_reserve(b, len) == -1)
		return (-1);
	if (len != 0)
		memcpy(b->data + b->len, data, len);
	b->len += len;
	b->data[b->len] = '\0';
	return (0);
}

int
buf_puts(struct buf *b, const char *s)
{
	return (buf_put(b, s, strlen(s)));
}

int
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (len < 0 || buf_reserve(b, (size_t)len) == -1) {
		b->failed = 1;
		return (-1);
	}
	va_start(ap, fmt);
	(void)vsnprintf(b->data + b->len, (size_t)len + 1, fmt, ap);
	va_end(ap);
	b->len += (size_t)len;
	return (0);
}

void
buf_consume(struct buf *b, size_t len)
{
	if (len >= b->len) {
		buf_clear(b);
		return;
	}
	memmove(b->data, b->data + len, b->len - len + 1);
	b->len -= len;
}

void
buf_clear(struct buf *b)
{
	b->len = 0;
	b->failed = 0;
	if (b->data != NULL)
		b->data[0] = '\0';
}

void
buf_free(struct buf *b)
{
	free(b->data);
	*b = (struct buf){ .max = b->max };
}

char *
buf_take(struct buf *b)
{
	char *data;

	data = b->data;
	*b = (struct buf){ .max = b->max };
	return (data);
}
