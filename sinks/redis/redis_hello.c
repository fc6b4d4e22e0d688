#include <hiredis/hiredis.h>
#include <hiredis/async.h>
#include <stdio.h>
#include <string.h>

#include "bridge/auth/secret.h"
#include "bridge/fault.h"
#include "sinks/redis/redis_config.h"
#include "sinks/redis/redis_link_private.h"
#include "sinks/redis/redis_reply.h"

/* A step, as the argument of its callback. */
static char auth[] = "AUTH", ping[] = "PING", select_db[] = "SELECT",
	    role[] = "ROLE", client[] = "CLIENT SETNAME",
	    sentinel[] = "SENTINEL get-master-addr-by-name";

/* Is this the reply to ${step} of the connection that we have?  An error ends
 * it. */
static int
is_fine(struct redis_link *l, const redisAsyncContext *ac,
    const redisReply *reply, const char *step)
{
	struct fault f;

	if (reply == NULL || ac != l->ac)
		return (0);
	if (reply->type != REDIS_REPLY_ERROR)
		return (1);
	(void)redis_reply_judge(reply->str, &f);
	fault_prefix(&f, "%s: %s", l->address, step);
	redis_link_no(l, &f);
	return (0);
}

static void
on_step(redisAsyncContext *ac, void *reply, void *step)
{
	(void)is_fine(ac->data, ac, reply, step);
}

/* What a sentinel says is old news during a failover. */
static void
on_role(redisAsyncContext *ac, void *data, void *step)
{
	struct redis_link *l = ac->data;
	const redisReply *reply = data;
	struct fault f;

	if (!is_fine(l, ac, reply, step))
		return;
	if (reply->type == REDIS_REPLY_ARRAY && reply->elements > 0 &&
	    reply->element[0]->type == REDIS_REPLY_STRING &&
	    strcmp(reply->element[0]->str, "master") == 0)
		return;
	fault_set(&f, FAULT_RETRY,
	    "%s: a sentinel says that it is the master, and it is not (a "
	    "failover is under way)",
	    l->address);
	redis_link_no(l, &f);
}

/* The last one.  The name is only a help for people who list clients. */
static void
on_named(redisAsyncContext *ac, void *reply, void *step)
{
	struct redis_link *l = ac->data;

	(void)step;
	if (reply != NULL && ac == l->ac)
		redis_link_yes(l);
}

static void
on_master(redisAsyncContext *ac, void *data, void *step)
{
	struct redis_link *l = ac->data;
	const redisReply *reply = data;
	struct fault f;

	if (!is_fine(l, ac, reply, step))
		return;
	if (reply->type == REDIS_REPLY_ARRAY && reply->elements == 2 &&
	    reply->element[0]->type == REDIS_REPLY_STRING &&
	    reply->element[1]->type == REDIS_REPLY_STRING) {
		redis_link_master(
		    l, reply->element[0]->str, reply->element[1]->str);
		return;
	}
	fault_set(&f, FAULT_CONFIG,
	    "%s: it knows no master %s; see SENTINEL masters there", l->address,
	    l->config->sentinels.master);
	redis_link_no(l, &f);
}

static void
say(struct redis_link *l, redisCallbackFn *fn, char *step, int argc,
    const char **argv)
{
	/* No memory: no reply, and the deadline ends it. */
	(void)redisAsyncCommandArgv(l->ac, fn, step, argc, argv, NULL);
}

/* 0, or -1 if there is no password to be had; that is told. */
static int
log_in(struct redis_link *l, const char *user, const struct secret *secret)
{
	char *password;
	struct fault f;
	size_t len;

	if (secret == NULL)
		return (0);
	if ((password = secret_read(secret, &len, &f)) == NULL) {
		fault_prefix(&f, "%s: password", l->address);
		redis_link_no(l, &f);
		return (-1);
	}
	if (user != NULL)
		say(l, on_step, auth, 3,
		    (const char *[]){ "AUTH", user, password });
	else
		say(l, on_step, auth, 2, (const char *[]){ "AUTH", password });
	secret_wipe(password, len);
	return (0);
}

/* All is sent in one go; the replies come in this order.  The first one is one
 * whose error counts: a server that wants none of us says so there. */
void
redis_hello(struct redis_link *l)
{
	const struct redis_sentinels *s = &l->config->sentinels;
	const struct redis_url *u = &l->config->url;
	char db[16];

	if (l->target == LINK_SENTINEL) {
		if (log_in(l, s->user, s->password) == 0)
			say(l, on_master, sentinel, 3,
			    (const char *[]){ "SENTINEL",
				"get-master-addr-by-name", s->master });
		return;
	}
	if (log_in(l, u->user, l->config->password) == -1)
		return;
	say(l, on_step, ping, 1, (const char *[]){ "PING" });
	if (u->db != 0) {
		(void)snprintf(db, sizeof(db), "%u", u->db);
		say(l, on_step, select_db, 2, (const char *[]){ "SELECT", db });
	}
	if (l->target == LINK_MASTER)
		say(l, on_role, role, 1, (const char *[]){ "ROLE" });
	say(l, on_named, client, 3,
	    (const char *[]){ "CLIENT", "SETNAME", "mailbridge" });
}
