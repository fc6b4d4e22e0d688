/* fetch_form.h - what a FETCH asks for: catchup chooses it, session says it. */
#ifndef FETCH_FORM_H
#define FETCH_FORM_H

/* From FETCH_PLAIN on they ask for one message, with several commands: a server
 * that stumbles over one of them may still answer the next. */
enum fetch_form {
	FETCH_SIZES, /* no message: how large they are, as the server says */
	FETCH_CHECK, /* the same, and when they came: are they what they were?
		      */
	FETCH_LOOK,  /* none either: date, size and Message-ID */
	FETCH_WHOLE, /* flags, dates, ids and body */
	FETCH_REST,  /* the same of one message, from where a lost connection
		      * ended: session_fetch_rest() */
	FETCH_PART,  /* the same, of the body only the first octets */
	FETCH_PLAIN, /* the body alone, since servers stumble over the rest;
		      * then the rest */
	FETCH_APART, /* header and text apart; then the rest */
	FETCH_START, /* the header, and the first octets of the text */
	FETCH_HEADER /* the header alone */
};

#endif
