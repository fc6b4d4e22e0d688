/* log.h - lines for people and machines on standard error.
 * One line an event: "level: module: account/mailbox: text" as text, or one
 * JSON object.  No mail content, address or credential above debug. */
#ifndef LOG_H
#define LOG_H

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };
enum log_format { LOG_AUTO, LOG_TEXT, LOG_JSON };

/* Set the level and the format; AUTO is text (with <N> priorities instead of
 * times when $JOURNAL_STREAM says that journald reads).  Before the first call
 * info and text hold. */
void log_setup(enum log_level, enum log_format);

/* Would a line of this level be written?  To spare making its text. */
int log_enabled(enum log_level);

/* Write one line.  ${module} is a word ("watcher", "redis").  ${subject} names
 * what it is about ("support/INBOX", a sink's name) or is NULL.  Control
 * characters and invalid UTF-8 in the text are escaped.  Callable from the
 * loop's thread and from workers: one write(2) a line. */
void log_write(enum log_level, const char *module, const char *subject,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

#endif
