/* vendor.h - whose server it is, by its own words, and what follows from that.
 *
 * Only what a client must do differently stands here; a server that nobody has
 * complained of is none of ours. */
#ifndef VENDOR_H
#define VENDOR_H

struct vendor {
	const char *name;
	const char *words; /* in a greeting, a CAPABILITY or an answer to ID */
	unsigned idle_seconds; /* the longest IDLE it bears */
	int select;	       /* EXAMINE does not do: see vendor.c */
	int remakes;	       /* a message, each time that it is asked for */
};

/* A server that said nothing of itself. */
extern const struct vendor vendor_unknown;

/* Whose is it that says ${text}, in any case?  NULL: the text does not tell. */
const struct vendor *vendor_of(const char *text);

#endif
