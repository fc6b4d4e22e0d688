/* account.h - one entry of "accounts:", read and checked. */
#ifndef ACCOUNT_H
#define ACCOUNT_H

struct config;
struct config_account;
struct config_retry;
struct section;

/* Is ${name} fit for keys, metrics and paths: [A-Za-z0-9._-]+, at most 64 and
 * neither "." nor ".."? */
int account_name_valid(const char *name);

/* Read YYYY-MM-DD; 0, or -1 if it is none or the day does not exist. */
int account_parse_date(const char *, int *year, int *month, int *day);

/* Read the keys of ${s} into ${a}.  The sinks of ${cfg} and its retry, ${base},
 * must have been read.  Mistakes are noted in the section.  What ${a} then
 * holds is to be freed with account_clear() in any case. */
void account_read(struct section *s, const struct config *cfg,
    const struct config_retry *base, struct config_account *a);

/* The same for "defaults:", where nothing is required. */
void account_check_defaults(struct section *s, const struct config *cfg,
    const struct config_retry *base);

/* Read "retry:" of ${s}: what it does not give is as in ${base}. */
void account_read_retry(struct section *s, const struct config_retry *base,
    struct config_retry *retry);

/* Free what the account holds. */
void account_clear(struct config_account *);

#endif
