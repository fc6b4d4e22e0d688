/* descriptors.h - what a program that we start must not inherit. */
#ifndef DESCRIPTORS_H
#define DESCRIPTORS_H

/* Let all descriptors but the standard ones end with an exec.  We open ours so;
 * libraries do not always: a connection that a child holds stays open, for the
 * server, when we close it.  To be called just before a process is started. */
void descriptors_keep_private(void);

#endif
