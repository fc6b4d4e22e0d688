/* charset_private.h - the charsets that are known, and what they are called. */
#ifndef CHARSET_PRIVATE_H
#define CHARSET_PRIVATE_H

#include "bridge/envelope/span.h"

enum charset_kind {
	CHARSET_UTF8,
	CHARSET_ASCII, /* says nothing about octets above 0x7F */
	CHARSET_1252,
	CHARSET_SUPERSET, /* iconv; ASCII octets mean ASCII */
	CHARSET_STATEFUL, /* iconv; they may mean anything */
	CHARSET_JIS	  /* the same, by way of EUC-JP */
};

struct charset {
	enum charset_kind kind;
	const char *iconv;
	const char *wider;  /* tried where ${iconv} meets errors, or NULL */
	const char *labels; /* in lower case, one space around each */
};

/* The charset of a label; ASCII without one, NULL for an unknown one. */
const struct charset *charset_find(struct span label);

#endif
