#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/auth/secret.h"
#include "bridge/fault.h"
#include "bridge/config/section.h"
#include "bridge/config/source.h"
#include "bridge/config/suggest.h"

struct section {
	const struct config_source *src;
	json_t *object;		/* borrowed; NULL if the value is no mapping */
	struct section *parent; /* or NULL */
	char *path;
	struct source_place at;
	const char **known; /* every key that was asked for */
	size_t nknown;
	struct fault first; /* FAULT_NONE while there is no mistake */
	int missing;	    /* ... and it is only that a key is missing */
};

/* Memory at start-up is not given by a peer: without it there is no program. */
static void *
must(void *p)
{
	if (p == NULL) {
		fputs("mailbridge: out of memory reading the config\n", stderr);
		abort();
	}
	return (p);
}

static const char *
type_name(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return ("a mapping");
	case JSON_ARRAY:
		return ("a list");
	case JSON_STRING:
		return ("a string");
	case JSON_INTEGER:
		return ("an integer");
	case JSON_REAL:
		return ("a number with a fraction");
	case JSON_TRUE:
	case JSON_FALSE:
		return ("true or false");
	case JSON_NULL:
		break;
	}
	return ("nothing");
}

/* "path.key" or "path[i]" or only one of them. */
static char *
join(const struct section *s, const char *key, const size_t *i)
{
	const char *dot = s->path[0] != '\0' && key != NULL ? "." : "";
	char *path = NULL;
	int len;

	if (key == NULL)
		key = "";
	if (i != NULL)
		len = asprintf(&path, "%s%s%s[%zu]", s->path, dot, key, *i);
	else
		len = asprintf(&path, "%s%s%s", s->path, dot, key);
	return (must(len != -1 ? path : NULL));
}

static void mistake(struct section *, const struct source_place *,
    const char *key, const size_t *i, const char *fmt, va_list)
    __attribute__((format(printf, 5, 0)));

static void
mistake(struct section *s, const struct source_place *at, const char *key,
    const size_t *i, const char *fmt, va_list ap)
{
	struct fault f;
	char *path;

	if (s->first.kind != FAULT_NONE && !s->missing)
		return;
	path = join(s, key, i);
	fault_vset(&f, FAULT_CONFIG, fmt, ap);
	if (path[0] == '\0')
		source_fault(&s->first, at, "%s", f.text);
	else
		source_fault(&s->first, at, "%s: %s", path, f.text);
	s->missing = 0;
	free(path);
}

void
section_error(struct section *s, const char *key, const char *fmt, ...)
{
	struct source_place at = { 0 };
	va_list ap;

	if (key != NULL)
		at = source_value_place(s->src, s->object, key);
	if (at.file == NULL)
		at = s->at;
	va_start(ap, fmt);
	mistake(s, &at, key, NULL, fmt, ap);
	va_end(ap);
}

void
section_item_error(
    struct section *s, const char *key, size_t i, const char *fmt, ...)
{
	struct source_place at;
	va_list ap;

	at = source_item_place(s->src, json_object_get(s->object, key), i);
	if (at.file == NULL)
		at = s->at;
	va_start(ap, fmt);
	mistake(s, &at, key, &i, fmt, ap);
	va_end(ap);
}

static void
wrong_type(struct section *s, const char *key, const char *expected,
    const json_t *value)
{
	section_error(
	    s, key, "expected %s, found %s", expected, type_name(value));
}

static struct section *
open_at(const struct config_source *src, json_t *object, char *path,
    const struct source_place *at)
{
	struct section *s;

	s = must(calloc(1, sizeof(*s)));
	s->src = src;
	s->path = path;
	s->at = *at;
	if (json_is_object(object))
		s->object = object;
	else
		section_error(s, NULL, "expected a mapping, found %s",
		    object != NULL ? type_name(object) : "nothing");
	return (s);
}

struct section *
section_new(const struct config_source *src, json_t *object, const char *path)
{
	struct source_place at;

	at = source_place(src, object);
	if (at.file == NULL)
		at.file = source_main(src);
	return (open_at(src, object, must(strdup(path)), &at));
}

json_t *
section_value(struct section *s, const char *key)
{
	size_t i;

	for (i = 0; i < s->nknown; i++) {
		if (strcmp(s->known[i], key) == 0)
			return (json_object_get(s->object, key));
	}
	s->known =
	    must(reallocarray(s->known, s->nknown + 1, sizeof(*s->known)));
	s->known[s->nknown++] = key;
	return (json_object_get(s->object, key));
}

struct section *
section_child(struct section *s, const char *key)
{
	struct source_place at;
	struct section *child;
	json_t *value;

	if ((value = section_value(s, key)) == NULL)
		return (NULL);
	at = source_value_place(s->src, s->object, key);
	child = open_at(s->src, value, join(s, key, NULL), &at);
	child->parent = s;
	return (child);
}

json_t *
section_list(struct section *s, const char *key)
{
	json_t *value;

	if ((value = section_value(s, key)) == NULL || json_is_array(value))
		return (value);
	wrong_type(s, key, "a list", value);
	return (NULL);
}

const char *
section_item_string(struct section *s, const char *key, size_t i)
{
	json_t *value;

	value = json_array_get(json_object_get(s->object, key), i);
	if (json_is_string(value) && json_string_length(value) != 0)
		return (json_string_value(value));
	section_item_error(s, key, i, "expected a string, found %s",
	    json_is_string(value) ? "an empty one" : type_name(value));
	return ("");
}

struct section *
section_item(struct section *s, const char *key, size_t i)
{
	struct source_place at;
	struct section *child;
	json_t *array;

	array = json_object_get(s->object, key);
	at = source_item_place(s->src, array, i);
	child =
	    open_at(s->src, json_array_get(array, i), join(s, key, &i), &at);
	child->parent = s;
	return (child);
}

const char *
section_string(struct section *s, const char *key, const char *fallback)
{
	json_t *value;

	if ((value = section_value(s, key)) == NULL)
		return (fallback);
	if (!json_is_string(value))
		wrong_type(s, key, "a string", value);
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
		wrong_type(s, key, "an integer", value);
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
	wrong_type(s, key, "true or false", value);
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
		return (must(strdup(given)));
	if (asprintf(&path, "%s/%s", at.file->folder, given) == -1)
		path = NULL;
	return (must(path));
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
		    "expected {file: PATH}, {env: NAME} or {credential: NAME}");
	if (section_value(s, "encrypted") != NULL)
		section_error(s, "encrypted",
		    "is not supported by this version; use {file: PATH}, "
		    "{env: NAME} or {credential: NAME}");
	if ((path = section_path(s, "file", NULL)) != NULL)
		secret = must(secret_file(path));
	else if ((name = section_string(s, "env", NULL)) != NULL)
		secret = must(secret_env(name));
	else if ((name = section_string(s, "credential", NULL)) != NULL) {
		if (strchr(name, '/') != NULL || name[0] == '.')
			section_error(s, "credential",
			    "must be the name of a file in "
			    "$CREDENTIALS_DIRECTORY, without a slash");
		secret = must(secret_credential(name));
	}
	free(path);
	return (secret);
}

struct secret *
section_secret(struct section *s, const char *key)
{
	struct secret *secret;
	struct section *child;
	json_t *value;

	if ((value = section_value(s, key)) == NULL)
		return (NULL);
	if (!json_is_object(value)) {
		/* Never with the value: it is the secret. */
		section_error(s, key,
		    "a secret is not written into the config: put it into a "
		    "file that only its owner can read (chmod 600) and write "
		    "%s: {file: PATH}; {env: NAME} and {credential: NAME} "
		    "work too",
		    key);
		return (NULL);
	}
	child = section_child(s, key);
	secret = read_secret(child);
	if (section_end(child, NULL) == -1) {
		secret_free(secret);
		return (NULL);
	}
	return (secret);
}

int
section_has(const struct section *s, const char *key)
{
	return (json_object_get(s->object, key) != NULL);
}

int
section_need(struct section *s, const char *key)
{
	if (section_value(s, key) != NULL)
		return (1);
	if (s->first.kind == FAULT_NONE) {
		section_error(s, NULL, "the key \"%s\" is missing", key);
		s->missing = 1;
	}
	return (0);
}

void
section_unsupported(struct section *s, const char *key)
{
	if (section_value(s, key) != NULL)
		section_error(s, key, "is not supported by this version");
}

int
section_failed(const struct section *s)
{
	return (s->first.kind != FAULT_NONE);
}

const char *
section_where(const struct section *s)
{
	return (s->path);
}

/* Complain of ${key}, which nobody asked for. */
static void
unknown_key(struct section *s, const char *key)
{
	struct source_place at = source_key_place(s->src, s->object, key);
	const char *near;
	char *path;

	if (at.file == NULL)
		at = s->at;
	path = join(s, key, NULL);
	near = suggest_nearest(key, s->known, s->nknown);
	if (near != NULL)
		source_fault(&s->first, &at,
		    "%s: unknown key, did you mean \"%s\"?", path, near);
	else
		source_fault(&s->first, &at, "%s: unknown key", path);
	s->missing = 0;
	free(path);
}

int
section_end(struct section *s, struct fault *f)
{
	const char *key;
	json_t *value;
	size_t i;
	int rc = 0;

	/* A missing key may well be the unknown one, misspelt. */
	json_object_foreach(s->object, key, value)
	{
		if (s->first.kind != FAULT_NONE && !s->missing)
			break;
		for (i = 0; i < s->nknown; i++) {
			if (strcmp(s->known[i], key) == 0)
				break;
		}
		if (i == s->nknown)
			unknown_key(s, key);
	}
	if (s->first.kind != FAULT_NONE) {
		rc = -1;
		if (f != NULL)
			*f = s->first;
		if (s->parent != NULL &&
		    (s->parent->first.kind == FAULT_NONE || s->parent->missing))
			s->parent->first = s->first, s->parent->missing = 0;
	}
	free(s->known);
	free(s->path);
	free(s);
	return (rc);
}
