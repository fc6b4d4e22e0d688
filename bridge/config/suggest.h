/* suggest.h - the word that was probably meant. */
#ifndef SUGGEST_H
#define SUGGEST_H

#include <stddef.h>

/* The one of ${n} ${names} that is nearest to ${word} by insertions, deletions,
 * changes and swaps of neighbours, or NULL when none is near. */
const char *suggest_nearest(
    const char *word, const char *const *names, size_t n);

#endif
