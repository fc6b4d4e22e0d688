/* advice.h - what a person must do about the error of a token endpoint. */
#ifndef ADVICE_H
#define ADVICE_H

/* By the code of Microsoft's that ${said} (error_description) begins with
 * ("AADSTS7000215: ..."), else by ${error} (RFC 6749 section 5.2).  NULL if we
 * know none. */
const char *advice_find(const char *error, const char *said);

/* Is it Microsoft's way to say: later? */
int advice_is_temporary(const char *said);

#endif
