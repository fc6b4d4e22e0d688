/* exec_answer.h - a line that a program answers an event with. */
#ifndef EXEC_ANSWER_H
#define EXEC_ANSWER_H

enum exec_answer {
	EXEC_OK,      /* "ok" or "ok ID" */
	EXEC_RETRY,   /* "retry" or "retry REASON" */
	EXEC_REFUSED, /* "refused" or "refused REASON" */
	EXEC_WRONG_ID,
	EXEC_NONSENSE
};

/* Read ${line}, without its line feed, as the answer to the event ${id}; with
 * ${strict} "ok" must have the id.  ${reason} gets what stands behind the word,
 * "" if nothing does. */
enum exec_answer exec_answer_read(
    const char *line, const char *id, int strict, const char **reason);

#endif
