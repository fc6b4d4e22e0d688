/* target.h - the account, mailbox and sink that a command was told to use. */
#ifndef TARGET_H
#define TARGET_H

#include <stddef.h>

struct args;
struct config;

/* Find --account and --mailbox, which are given, in the config, where a mailbox
 * may be matched by a pattern.  0; or -1 when there is none of that name, told
 * on stderr with those that there are. */
int target_mailbox(const struct args *, const struct config *, size_t *account,
    const char **mailbox);

/* The same for --sink; CONFIG_NO_SINK if it is not given. */
int target_sink(const struct args *, const struct config *, size_t *sink);

#endif
