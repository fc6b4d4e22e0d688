/* check.h - what `mailbridge check` does beyond reading the files. */
#ifndef CHECK_H
#define CHECK_H

struct config;

/* Try what ${cfg} says: secrets, logins, sinks.  One line a finding: good ones
 * on stdout, bad ones on stderr.  The exit code of the worst of them. */
int check_online(const struct config *cfg);

#endif
