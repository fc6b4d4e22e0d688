/* directory_name.h - the names that an event gets in the directory sink.  No
 * I/O. */
#ifndef DIRECTORY_NAME_H
#define DIRECTORY_NAME_H

#include <stddef.h>

struct event;

/* The longest file name that every file system of note takes. */
#define DIRECTORY_NAME_MAX 255

/* The folder for an account or a mailbox called ${name}: percent-encoded
 * outside [A-Za-z0-9._-].  Encoded as well are names of dots only, and ".tmp",
 * which is the sink's own.  A name that becomes longer than DIRECTORY_NAME_MAX
 * is cut and ended with '~' and 32 hex digits of its SHA-256: '~' is in no
 * other name, so two names never share a folder. */
void directory_name_folder(
    const char *name, char folder[DIRECTORY_NAME_MAX + 1]);

/* "<uidValidity>-<uid, 10 digits>.json", with "-<epoch>" before the point where
 * the id has one; of a dead letter its id,
 * "<uidValidity>-<uid>-refused-<sink>.json"; of a notice of a reset
 * "<account>%2F<mailbox>+<id>.json": these are together in one folder. */
void directory_name_file(
    const struct event *, char file[DIRECTORY_NAME_MAX + 1]);

#endif
