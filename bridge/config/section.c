#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/fault.h"
#include "bridge/config/section_private.h"
#include "bridge/config/source.h"
#include "bridge/config/suggest.h"

void *
section_must(void *p)
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
	return (section_must(len != -1 ? path : NULL));
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

char *
section_place(const struct section *s, const char *key)
{
	struct source_place at = source_value_place(s->src, s->object, key);
	struct fault f;
	char *path;

	path = join(s, key, NULL);
	source_fault(&f, at.file != NULL ? &at : &s->at, "%s", path);
	free(path);
	return (section_must(strdup(f.text)));
}

void
section_wrong_type(struct section *s, const char *key, const char *expected,
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

	s = section_must(calloc(1, sizeof(*s)));
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
	return (open_at(src, object, section_must(strdup(path)), &at));
}

json_t *
section_value(struct section *s, const char *key)
{
	size_t i;

	for (i = 0; i < s->nknown; i++) {
		if (strcmp(s->known[i], key) == 0)
			return (json_object_get(s->object, key));
	}
	s->known = section_must(
	    reallocarray(s->known, s->nknown + 1, sizeof(*s->known)));
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
	section_wrong_type(s, key, "a list", value);
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

const char **
section_words(struct section *s, const char *key)
{
	const char **words;
	json_t *list;
	size_t i, n;

	section_need(s, key);
	if ((list = section_list(s, key)) == NULL)
		return (NULL);
	if ((n = json_array_size(list)) == 0) {
		section_error(s, key, "is empty");
		return (NULL);
	}
	if ((words = calloc(n + 1, sizeof(*words))) == NULL) {
		section_error(s, key, "out of memory");
		return (NULL);
	}
	for (i = 0; i < n; i++)
		words[i] = section_item_string(s, key, i);
	return (words);
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
