/* scratch.h - a folder for one test, and files in it. */
#ifndef SCRATCH_H
#define SCRATCH_H

#include <stddef.h>

/* Make an empty folder below $TMPDIR, or /tmp, and enter it; the path of it,
 * valid until scratch_leave(). */
const char *scratch_enter(void);

/* Remove it with all in it, and go back. */
void scratch_leave(void);

/* Make another one without entering it, its path in ${folder}; remove it, or
 * any other tree, as far as it goes: 0 if nothing of it is left. */
void scratch_folder(char *folder, size_t size);
int scratch_remove(const char *folder);

/* The same as cmocka's setup and teardown of a test. */
int scratch_setup(void **state);
int scratch_teardown(void **state);

/* Make ${path} of the bytes; ${mode} is exact. */
void scratch_write(
    const char *path, const void *data, size_t len, unsigned mode);
void scratch_text(const char *path, const char *text);

/* The bytes of ${path}, NUL-ended, to be freed. */
char *scratch_read(const char *path, size_t *len);

#endif
