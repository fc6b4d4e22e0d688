/* checkpoint_lines.h - checkpoints as JSON lines, to carry them elsewhere.
 *
 * The first line says what follows: {"mailbridge": "checkpoints", "version":
 * 1}. Each other line is a mark: account, mailbox, uidValidity, uid,
 * sinceBelow, since, committedAt (seconds since 1970), below (UIDs up to it
 * that are no news, where those are not all); the newest of a mailbox last.
 * With its first one go the mailbox's epoch, fingerprints and resets.  A
 * mailbox whose marks were forgotten has a line with its epoch and resets only.
 */
#ifndef CHECKPOINT_LINES_H
#define CHECKPOINT_LINES_H

struct config;
struct fault;

/* Print all; the daemon may be running.  Returns the exit code. */
int checkpoint_lines_export(const struct config *);

/* Read them from standard input and store all or, if one line is wrong, none.
 * The daemon must be stopped.  Without ${force} none may be lower than what is
 * stored for it.  What the lines do not name stays.  Returns the exit code. */
int checkpoint_lines_import(const struct config *, int force);

/* Both: the first line; tell of ${f} and return the exit code. */
void checkpoint_lines_head(void);
int checkpoint_lines_failed(const char *what, const struct fault *f);

#endif
