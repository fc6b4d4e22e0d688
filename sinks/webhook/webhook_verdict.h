/* webhook_verdict.h - what the status of an answer means for an event, and what
 * to do about it. */
#ifndef WEBHOOK_VERDICT_H
#define WEBHOOK_VERDICT_H

struct fault;

enum webhook_verdict {
	WEBHOOK_STORED,
	WEBHOOK_REFUSED, /* this event, whatever the others */
	WEBHOOK_PASSING, /* the server is busy or broken: soon again */
	WEBHOOK_PERSON,	 /* only a person can mend it: slowly again */
	WEBHOOK_GONE	 /* 410: asked to stop sending */
};

/* ${refused} says, by status - 400, which of 400 to 499 mean this event.  But
 * for STORED, ${f} says what came and whose it is to mend. */
enum webhook_verdict webhook_judge(
    long status, const char refused[100], struct fault *f);

#endif
