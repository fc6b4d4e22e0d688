/* check_private.h - what the parts of `mailbridge check` share: the tokens
 * (check_token.c), the mailboxes (check_login.c), the sinks (check_sink.c), and
 * the loop they run on. */
#ifndef CHECK_PRIVATE_H
#define CHECK_PRIVATE_H

#include <stddef.h>
#include <uv.h>

#include "bridge/counts.h"
#include "bridge/watch/watcher.h"

struct config;
struct config_client;
struct fault;
struct doorman;
struct net;
struct oauth2;

struct check_login;
struct check_sink;
struct check_token;

struct check {
	const struct config *config;
	uv_loop_t loop;
	uv_timer_t timer;
	void (*on_end)(uv_timer_t *);
	struct net *net;
	struct oauth2 *oauth2;
	struct watcher_host host; /* what a line needs of it */
	struct counts counts;
	struct doorman **doormen; /* one an account */
	struct check_token *tokens;
	long owner; /* pid of the daemon that runs on the state; 0: none */
	struct check_login *logins;
	size_t nlogins;
	struct check_sink *sinks;
	size_t pending; /* findings still to come */
	int ended;
	int code; /* to exit with */
};

/* A bad finding about ${what}: told on stderr, kept in the exit code. */
void check_bad(struct check *, const char *what, const struct fault *f);

/* Is ${client} to be left alone?  Its refresh token may be good for once, and
 * the daemon that runs needs it. */
int check_spares(const struct check *, const struct config_client *client);

/* One finding has come. */
void check_done(struct check *);

/* Begin; end those that are still under way, with a finding; free. */
void check_tokens(struct check *);
void check_tokens_end(struct check *);
void check_tokens_free(struct check *);
void check_logins(struct check *);
void check_logins_end(struct check *);
void check_logins_free(struct check *);
void check_sinks(struct check *);
void check_sinks_end(struct check *);
void check_sinks_free(struct check *);

#endif
