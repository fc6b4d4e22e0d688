#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/auth/secret.h"
#include "bridge/fault.h"
#include "bridge/limits.h"
#include "sinks/sink.h"
#include "bridge/config/account.h"
#include "bridge/config/client.h"
#include "bridge/config/config.h"
#include "bridge/config/include.h"
#include "bridge/config/section.h"
#include "bridge/config/sinklist.h"
#include "bridge/config/source.h"
#include "bridge/config/suggest.h"

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)

static const struct config_retry default_retry = { 0,
	{ 1, 5, 30, 60, 600, 3600 }, 6, 0 };

static void
read_log(struct section *s, struct config *cfg)
{
	static const char *const levels[] = { "error", "warn", "info", "debug",
		NULL };
	static const char *const formats[] = { "auto", "text", "json", NULL };
	struct section *log;

	cfg->log_level = LOG_INFO;
	cfg->log_format = LOG_AUTO;
	if ((log = section_child(s, "log")) == NULL)
		return;
	cfg->log_level =
	    (enum log_level)section_choice(log, "level", levels, LOG_INFO);
	cfg->log_format =
	    (enum log_format)section_choice(log, "format", formats, LOG_AUTO);
	section_end(log, NULL);
}

static void
read_limits(struct section *s, struct config *cfg)
{
	struct section *limits;

	cfg->inflight_bytes = 64 * MIB;
	cfg->max_message_bytes = 64 * MIB;
	if ((limits = section_child(s, "limits")) == NULL)
		return;
	cfg->inflight_bytes =
	    section_bytes(limits, "inflight_bytes", 64 * MIB, MIB, 1024 * GIB);
	cfg->max_message_bytes = section_bytes(
	    limits, "max_message_bytes", 64 * MIB, MIB / 16, 2 * GIB - 1);
	section_end(limits, NULL);
}

static void
read_blobs(struct section *s, struct config *cfg)
{
	struct section *blobs;

	if ((blobs = section_child(s, "blobs")) == NULL)
		return;
	cfg->blob_days = (unsigned)section_integer(
	    blobs, "retention_days", 0, 0, LIMIT_BLOB_DAYS);
	section_end(blobs, NULL);
}

static void
read_envelope(struct section *s, struct config *cfg)
{
	static const char *const contents[] = { "none", "inline", "store",
		NULL };
	static const char *const formats[] = { "envelope", "jmap", NULL };
	static const char *const modes[] = { "binary", "structured", "none",
		NULL };
	struct section *envelope;

	cfg->envelope.attachments = ENVELOPE_INLINE;
	cfg->envelope.raw = ENVELOPE_NONE;
	if ((envelope = section_child(s, "envelope")) == NULL)
		return;
	cfg->envelope.attachments = (enum envelope_content)section_choice(
	    envelope, "attachments", contents, ENVELOPE_INLINE);
	cfg->envelope.raw = (enum envelope_content)section_choice(
	    envelope, "raw", contents, ENVELOPE_NONE);
	cfg->envelope.format = (enum envelope_format)section_choice(
	    envelope, "format", formats, ENVELOPE_V1);
	cfg->envelope.cloudevents = (enum envelope_cloudevents)section_choice(
	    envelope, "cloudevents", modes, ENVELOPE_BINARY);
	section_end(envelope, NULL);
}

static void
unknown_type(struct section *s, const char *type)
{
	const char *const *types = sinks_types();
	const char *near;
	size_t n;

	for (n = 0; types[n] != NULL; n++)
		continue;
	near = suggest_nearest(type, types, n);
	section_error(s, "type", "unknown type \"%s\"%s%s%s", type,
	    near != NULL ? ", did you mean \"" : "", near != NULL ? near : "",
	    near != NULL ? "\"?" : "");
}

/* One sink: its name, and its own keys as its open() checks them. */
static void
read_sink(struct section *sinks, const char *name, struct config_sink *sink)
{
	const struct sink_ops *ops;
	struct fault f = { 0 };
	struct section *s;

	sink->name = name;
	sink->value = section_value(sinks, name);
	(void)snprintf(sink->path, sizeof(sink->path), "sinks.%s", name);
	if (!account_name_valid(name)) {
		section_error(sinks, name,
		    "a sink's name must be 1 to 64 letters, digits, dots, "
		    "underscores and hyphens");
		return;
	}
	s = section_child(sinks, name);
	sink->type = section_required(s, "type");
	ops = sink->type[0] != '\0' ? sinks_find(sink->type) : NULL;
	if (ops != NULL) {
		(void)ops->open(s, NULL, &f);
		if (f.kind != FAULT_NONE && !section_failed(s))
			section_error(s, NULL, "%s", f.text);
	} else if (sink->type[0] != '\0')
		unknown_type(s, sink->type);
	section_end(s, NULL);
}

static void
read_sinks(struct section *s, struct config *cfg)
{
	struct section *sinks;
	json_t *value, *item;
	const char *name;

	if (!section_need(s, "sinks"))
		return;
	value = section_value(s, "sinks");
	sinks = section_child(s, "sinks");
	if (json_is_object(value) && json_object_size(value) == 0)
		section_error(sinks, NULL, "at least one sink is needed");
	cfg->sinks = calloc(json_object_size(value) + 1, sizeof(*cfg->sinks));
	if (cfg->sinks == NULL)
		section_error(sinks, NULL, "out of memory");
	else
		json_object_foreach(value, name, item)
		{
			read_sink(sinks, name, &cfg->sinks[cfg->nsinks++]);
		}
	section_end(sinks, NULL);
}

/* Keys of "defaults:" that an account does not give become its own, places
 * included: so an error names where the value stands. */
static void
inherit(struct config *cfg, json_t *defaults, json_t *account)
{
	const char *key;
	json_t *value;

	json_object_foreach(defaults, key, value)
	{
		if (!json_is_object(account) ||
		    json_object_get(account, key) != NULL)
			continue;
		json_object_set(account, key, value);
		source_copy_member(cfg->source, account, defaults, key);
	}
}

static void
read_defaults(
    struct section *s, struct config *cfg, const struct config_retry *retry)
{
	struct section *defaults;

	if ((defaults = section_child(s, "defaults")) == NULL)
		return;
	account_check_defaults(defaults, cfg, retry);
	section_end(defaults, NULL);
}

static void
read_account(struct section *s, size_t i, struct config *cfg, json_t *names,
    const struct config_retry *retry)
{
	struct config_account *a = &cfg->accounts[i];
	struct section *account;
	json_t *before;

	account = section_item(s, "accounts", i);
	account_read(account, cfg, retry, a);
	if ((before = json_object_get(names, a->name)) != NULL)
		section_error(account, "name",
		    "\"%s\" is the name of accounts[%d] already", a->name,
		    (int)json_integer_value(before));
	json_object_set_new(names, a->name, json_integer((json_int_t)i));
	section_end(account, NULL);
}

static void
read_accounts(
    struct section *s, struct config *cfg, const struct config_retry *retry)
{
	json_t *list, *defaults, *names, *item;
	size_t i;

	if (!section_need(s, "accounts") ||
	    (list = section_list(s, "accounts")) == NULL)
		return;
	defaults = section_value(s, "defaults");
	if (json_array_size(list) == 0)
		section_error(s, "accounts", "is empty");
	names = json_object();
	cfg->accounts =
	    calloc(json_array_size(list) + 1, sizeof(*cfg->accounts));
	if (names == NULL || cfg->accounts == NULL) {
		section_error(s, "accounts", "out of memory");
		json_decref(names);
		return;
	}
	json_array_foreach(list, i, item)
	{
		inherit(cfg, defaults, item);
		cfg->naccounts++;
		read_account(s, i, cfg, names, retry);
		/* The first mistake is told; do not make up to 10 000 more. */
		if (section_failed(s))
			break;
	}
	json_decref(names);
}

static void
read_all(struct section *s, struct config *cfg)
{
	/* First: it opens the secrets of all that follows. */
	cfg->secret_key = section_secret(s, "secret_key");
	source_set_key(cfg->source, cfg->secret_key);
	cfg->state = section_path(s, "state", "/var/lib/mailbridge");
	read_log(s, cfg);
	read_limits(s, cfg);
	read_envelope(s, cfg);
	read_blobs(s, cfg);
	account_read_retry(s, &default_retry, &cfg->retry);
	admin_read(s, &cfg->admin);
	/* Accounts name sinks and clients. */
	read_sinks(s, cfg);
	sinklist_read_dead_letter(s, cfg);
	client_read_all(s, cfg);
	read_defaults(s, cfg, &cfg->retry);
	read_accounts(s, cfg, &cfg->retry);
}

struct config *
config_load(const char *path, struct fault *f)
{
	struct section *s;
	struct config *cfg;
	json_t *root;

	if ((cfg = calloc(1, sizeof(*cfg))) == NULL ||
	    (cfg->source = source_new()) == NULL) {
		fault_set(f, FAULT_RETRY, "%s: out of memory", path);
		goto fail;
	}
	if ((root = include_read(cfg->source, path, f)) == NULL)
		goto fail;
	cfg->path = source_main(cfg->source)->path;
	s = section_new(cfg->source, root, "");
	read_all(s, cfg);
	if (section_end(s, f) == -1)
		goto fail;
	return (cfg);

fail:
	config_free(cfg);
	return (NULL);
}

void
config_free(struct config *cfg)
{
	size_t i;

	if (cfg == NULL)
		return;
	for (i = 0; i < cfg->naccounts; i++)
		account_clear(&cfg->accounts[i]);
	free(cfg->accounts);
	client_clear_all(cfg);
	admin_clear(&cfg->admin);
	secret_free(cfg->secret_key);
	free(cfg->sinks);
	free((void *)(uintptr_t)cfg->state);
	source_free(cfg->source);
	free(cfg);
}
