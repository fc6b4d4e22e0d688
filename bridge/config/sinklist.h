/* sinklist.h - the keys that name sinks. */
#ifndef SINKLIST_H
#define SINKLIST_H

struct config;
struct config_account;
struct section;

/* Read "sink:" of an account, a name or a list of names, into ${a}; where it is
 * missing the only sink is meant, and if there are several and ${required} that
 * is a mistake.  The sinks of ${cfg} must have been read. */
void sinklist_read(struct section *, const struct config *cfg, int required,
    struct config_account *a);

/* Read "dead_letter:". */
void sinklist_read_dead_letter(struct section *, struct config *cfg);

#endif
