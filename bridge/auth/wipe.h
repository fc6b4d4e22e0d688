/* wipe.h - memory that libraries give back is overwritten first: they copy
 * secrets (a form, an answer, a key) into places that we do not see. */
#ifndef WIPE_H
#define WIPE_H

/* From now on for jansson, libcurl and OpenSSL.  To be called before any of
 * them is used; where one has been, it is left as it is. */
void wipe_libraries(void);

#endif
