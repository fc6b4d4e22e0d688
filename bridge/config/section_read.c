#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/auth/secret.h"
#include "bridge/config/section_private.h"
#include "bridge/config/suggest.h"

const char *
section_string(struct section *s, const char *key, const char *fallback)
{
	json_t *value;

	if ((value = section_value(s, key)) == NULL)
		return (fallback);
	if (!json_is_string(value))
		section_wrong_type(s, key, "a string", value);
	else if (json_string_length(value) == 0)
		section_error(s, key, "is empty");
	else
		return (json_string_value(value));
	return (fallback != NULL ? fallback : "");
}

const char *
section_required(struct section *s, const char *key)
{
	return (section_need(s, key) ? section_string(s, key, "") : "");
}

int64_t
section_integer(struct section *s, const char *key, int64_t fallback,
    int64_t min, int64_t max)
{
	json_t *value;
	int64_t n;

	if ((value = section_value(s, key)) == NULL)
		return (fallback);
	if (!json_is_integer(value)) {
		section_wrong_type(s, key, "an integer", value);
		return (fallback);
	}
	n = json_integer_value(value);
	if (n >= min && n <= max)
		return (n);
	section_error(s, key,
	    "must be between %" PRId64 " and %" PRId64 ", not %" PRId64, min,
	    max, n);
	return (fallback);
}

int
section_bool(struct section *s, const char *key, int fallback)
{
	json_t *value;

	if ((value = section_value(s, key)) == NULL)
		return (fallback);
	if (json_is_boolean(value))
		return (json_is_true(value));
	section_wrong_type(s, key, "true or false", value);
	return (fallback);
}

/* "64MiB": digits, then nothing, B, KiB, MiB or GiB.  -1 if it is not. */
static int
parse_bytes(const char *text, uint64_t *bytes)
{
	static const struct {
		const char *name;
		unsigned shift;
	} units[] = { { "", 0 }, { "B", 0 }, { "KiB", 10 }, { "MiB", 20 },
		{ "GiB", 30 } };
	uint64_t n = 0;
	const char *p;
	size_t i;

	for (p = text; *p >= '0' && *p <= '9'; p++) {
		/* Far below overflow, far above any memory. */
		if (n > UINT64_MAX >> 40)
			return (-1);
		n = n * 10 + (uint64_t)(*p - '0');
	}
	if (p == text || n > UINT64_MAX >> 34)
		return (-1);
	p += strspn(p, " ");
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(p, units[i].name) == 0) {
			*bytes = n << units[i].shift;
			return (0);
		}
	}
	return (-1);
}

uint64_t
section_bytes(struct section *s, const char *key, uint64_t fallback,
    uint64_t min, uint64_t max)
{
	uint64_t bytes = 0;
	json_t *value;

	if ((value = section_value(s, key)) == NULL)
		return (fallback);
	if (json_is_integer(value) && json_integer_value(value) >= 0)
		bytes = (uint64_t)json_integer_value(value);
	else if (!json_is_string(value) ||
	    parse_bytes(json_string_value(value), &bytes) == -1) {
		section_error(s, key,
		    "expected a size: a number of bytes, or one with KiB, MiB "
		    "or GiB");
		return (fallback);
	}
	if (bytes >= min && bytes <= max)
		return (bytes);
	section_error(s, key,
	    "must be between %" PRIu64 " and %" PRIu64 " bytes, not %" PRIu64,
	    min, max, bytes);
	return (fallback);
}

/* "a, b or c" */
static void
list_names(char *text, size_t size, const char *const *names, size_t n)
{
	size_t i, len = 0;
	int k;

	text[0] = '\0';
	for (i = 0; i < n && len < size; i++) {
		k = snprintf(text + len, size - len, "%s%s",
		    i == 0	     ? ""
			: i == n - 1 ? " or "
				     : ", ",
		    names[i]);
		len += k > 0 ? (size_t)k : 0;
	}
}

int
section_choice(
    struct section *s, const char *key, const char *const *names, int fallback)
{
	const char *given, *near;
	char all[200];
	size_t i, n;

	if (section_value(s, key) == NULL)
		return (fallback);
	given = section_string(s, key, "");
	for (n = 0; names[n] != NULL; n++)
		continue;
	for (i = 0; i < n; i++) {
		if (strcmp(given, names[i]) == 0)
			return ((int)i);
	}
	list_names(all, sizeof(all), names, n);
	if ((near = suggest_nearest(given, names, n)) != NULL)
		section_error(s, key,
		    "unknown value \"%s\", did you mean \"%s\"? (%s)", given,
		    near, all);
	else
		section_error(
		    s, key, "unknown value \"%s\": it is %s", given, all);
	return (fallback);
}

char *
section_path(struct section *s, const char *key, const char *fallback)
{
	struct source_place at;
	const char *given;
	char *path = NULL;

	if ((given = section_string(s, key, fallback)) == NULL)
		return (NULL);
	at = source_value_place(s->src, s->object, key);
	if (at.file == NULL)
		at = s->at;
	if (given[0] == '/' || at.file == NULL)
		return (section_must(strdup(given)));
	if (asprintf(&path, "%s/%s", at.file->folder, given) == -1)
		path = NULL;
	return (section_must(path));
}

/* The mapping of a secret reference: exactly one of its keys. */
static struct secret *
read_secret(struct section *s)
{
	struct secret *secret = NULL;
	const char *name;
	char *path;

	/* Whoever writes {hunter2} must not read it in the log, so no unknown
	 * key is named here. */
	if (json_object_size(s->object) != 1 ||
	    (!section_has(s, "file") && !section_has(s, "env") &&
		!section_has(s, "credential") && !section_has(s, "encrypted")))
		section_error(s, NULL,
		    "expected {file: PATH}, {env: NAME}, {credential: NAME} or "
		    "{encrypted: \"...\"}");
	if ((path = section_path(s, "file", NULL)) != NULL)
		secret = section_must(secret_file(path));
	else if ((name = section_string(s, "env", NULL)) != NULL)
		secret = section_must(secret_env(name));
	else if ((name = section_string(s, "credential", NULL)) != NULL) {
		if (strchr(name, '/') != NULL || name[0] == '.')
			section_error(s, "credential",
			    "must be the name of a file in "
			    "$CREDENTIALS_DIRECTORY, without a slash");
		secret = section_must(secret_credential(name));
	} else if ((name = section_string(s, "encrypted", NULL)) != NULL) {
		if (source_key(s->src) == NULL)
			section_error(s, "encrypted",
			    "needs the key: secret_key: {file: PATH} at the "
			    "top of the config");
		secret =
		    section_must(secret_encrypted(name, source_key(s->src)));
	}
	free(path);
	return (secret);
}

/* The reference in the section ${child}, which is ended. */
static struct secret *
secret_of(struct section *child)
{
	struct secret *secret;

	secret = read_secret(child);
	if (section_end(child, NULL) == -1) {
		secret_free(secret);
		return (NULL);
	}
	return (secret);
}

/* Never with the value: it is the secret. */
#define NO_SECRET                                                           \
	"a secret is not written into the config: put it into a file that " \
	"only its owner can read (chmod 600) and write %s: {file: PATH}; "  \
	"{env: NAME} and {credential: NAME} work too"

struct secret *
section_secret(struct section *s, const char *key)
{
	json_t *value;

	if ((value = section_value(s, key)) == NULL)
		return (NULL);
	if (!json_is_object(value)) {
		section_error(s, key, NO_SECRET, key);
		return (NULL);
	}
	return (secret_of(section_child(s, key)));
}

struct secret *
section_item_secret(struct section *s, const char *key, size_t i)
{
	json_t *list = section_value(s, key);

	if (!json_is_object(json_array_get(list, i))) {
		section_item_error(s, key, i, NO_SECRET, key);
		return (NULL);
	}
	return (secret_of(section_item(s, key, i)));
}
