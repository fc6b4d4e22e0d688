/* fault.h - how a failure travels from where it is found to where it is
 * decided.  The finder fills it in and returns -1 or NULL; it does not log.
 * The top of the loop logs once and decides. */
#ifndef FAULT_H
#define FAULT_H

#include <stdarg.h>

enum fault_kind {
	FAULT_NONE = 0,
	FAULT_RETRY,  /* the network's or the server's: back off, try again */
	FAULT_AUTH,   /* the server refused the credentials: slow retry */
	FAULT_CONFIG, /* ours to mend in the config or the environment */
	FAULT_DATA,   /* stored data is damaged */
	FAULT_ENDED,  /* the far side is gone for good: a pipe's reader */
	FAULT_BUG     /* a rule of ours was broken: exit loudly */
};

#define FAULT_TEXT_MAX 512

struct fault {
	enum fault_kind kind;
	unsigned long retry_ms;	   /* when the far side said how long to wait */
	char text[FAULT_TEXT_MAX]; /* "EXAMINE INBOX: NO [NONEXISTENT] ..." */
};

/* Fill in ${f} (which may be NULL) and return -1, so that a caller may write
 * return (fault_set(f, FAULT_RETRY, "read: %s", strerror(errno))).
 * Control characters in the text become '?', so that no server can write
 * lines into a log.  retry_ms becomes 0. */
int fault_set(struct fault *, enum fault_kind, const char *, ...)
    __attribute__((format(printf, 3, 4)));

/* The same with a va_list. */
int fault_vset(struct fault *, enum fault_kind, const char *, va_list)
    __attribute__((format(printf, 3, 0)));

/* Put "text: " before the text that ${f} has, keeping its kind; -1. */
int fault_prefix(struct fault *, const char *, ...)
    __attribute__((format(printf, 2, 3)));

/* The exit code (sysexits.h) a command ends with on this kind of fault. */
int fault_exit_code(enum fault_kind);

#endif
