#include <ctype.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/help/schema.h"

#define SCHEMA_PATTERNS 16
#define SCHEMA_REF "#/definitions/"

/* The patterns seen so far, compiled. */
static struct {
	const char *text;
	regex_t compiled;
} schema_patterns[SCHEMA_PATTERNS];

/* Inside of "anyOf" a broken rule is no news. */
static int schema_silent;

static void
schema_say(const char *what, const char *why)
{
	if (!schema_silent)
		fprintf(stderr, "%s: %s\n", what, why);
}

static int schema_value(
    const json_t *all, const json_t *schema, const json_t *json);

json_t *
schema_file(const char *path)
{
	json_error_t error;
	json_t *all = json_load_file(path, 0, &error), *definitions;

	if (all == NULL) {
		fprintf(stderr, "%s: %s\n", path, error.text);
		abort();
	}
	definitions = json_incref(json_object_get(all, "definitions"));
	json_decref(all);
	return (definitions);
}

static int
schema_matches(const char *text, const char *pattern)
{
	size_t i;

	for (i = 0; i < SCHEMA_PATTERNS; i++) {
		if (schema_patterns[i].text == NULL) {
			if (regcomp(&schema_patterns[i].compiled, pattern,
				REG_EXTENDED | REG_NOSUB) != 0)
				abort();
			schema_patterns[i].text = pattern;
		}
		if (strcmp(schema_patterns[i].text, pattern) == 0)
			return (regexec(&schema_patterns[i].compiled, text, 0,
				    NULL, 0) == 0);
	}
	abort();
}

/* "2026-05-01T12:30:00+02:00" or "...Z" */
static int
schema_is_time(const char *s)
{
	static const char shape[] = "dddd-dd-ddTdd:dd:dd";
	size_t i;

	for (i = 0; shape[i] != '\0'; i++)
		if (shape[i] == 'd' ? !isdigit((unsigned char)s[i])
				    : s[i] != shape[i])
			return (0);
	s += i;
	if (strcmp(s, "Z") == 0)
		return (1);
	return ((s[0] == '+' || s[0] == '-') && strlen(s) == 6 && s[3] == ':');
}

static int
schema_is_type(const char *type, const json_t *json)
{
	static const struct {
		const char *name;
		json_type type;
	} types[] = { { "object", JSON_OBJECT }, { "array", JSON_ARRAY },
		{ "string", JSON_STRING }, { "integer", JSON_INTEGER },
		{ "null", JSON_NULL } };
	size_t i;

	if (strcmp(type, "boolean") == 0)
		return (json_is_boolean(json));
	for (i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (strcmp(type, types[i].name) == 0)
			return (json_typeof(json) == types[i].type);
	abort();
}

static int
schema_type(const json_t *rule, const json_t *json)
{
	json_t *one;
	size_t i;

	if (json_is_string(rule))
		return (schema_is_type(json_string_value(rule), json));
	json_array_foreach(rule, i, one)
	{
		if (schema_is_type(json_string_value(one), json))
			return (1);
	}
	return (0);
}

/* The characters of a string, the members of a list or object. */
static json_int_t
schema_count(const json_t *json)
{
	const char *s = json_string_value(json);
	json_int_t n = 0;

	if (json_is_array(json))
		return ((json_int_t)json_array_size(json));
	if (json_is_object(json))
		return ((json_int_t)json_object_size(json));
	for (; s != NULL && *s != '\0'; s++)
		n += (*s & 0xC0) != 0x80;
	return (n);
}

static int
schema_properties(const json_t *all, const json_t *schema, const json_t *json)
{
	json_t *rules = json_object_get(schema, "properties"), *rule, *value;
	json_t *others = json_object_get(schema, "additionalProperties");
	const char *key;

	if (!json_is_object(json))
		return (1);
	json_object_foreach((json_t *)(size_t)json, key, value)
	{
		rule = json_object_get(rules, key);
		if (rule == NULL)
			rule = others;
		if (rule == NULL || json_is_false(rule)) {
			schema_say(key, "is not in the schema");
			return (0);
		}
		if (json_is_object(rule) && !schema_value(all, rule, value)) {
			schema_say(key, "is wrong");
			return (0);
		}
	}
	return (1);
}

/* A word that is about the members of a list or object. */
static int
schema_members(
    const json_t *all, const char *word, const json_t *rule, const json_t *json)
{
	const char *key;
	json_t *value, *name;
	size_t i;
	int fits = 1;

	if (strcmp(word, "items") == 0) {
		json_array_foreach(json, i, value)
		{
			fits &= schema_value(all, rule, value);
		}
	} else if (strcmp(word, "required") == 0) {
		json_array_foreach(rule, i, value)
		{
			fits &= !json_is_object(json) ||
			    json_object_get(json, json_string_value(value)) !=
				NULL;
		}
	} else if (strcmp(word, "anyOf") == 0) {
		fits = 0;
		schema_silent++;
		json_array_foreach(rule, i, value)
		{
			fits |= schema_value(all, value, json);
		}
		schema_silent--;
	} else if (strcmp(word, "propertyNames") == 0) {
		json_object_foreach((json_t *)(size_t)json, key, value)
		{
			name = json_string(key);
			fits &= schema_value(all, rule, name);
			json_decref(name);
		}
	} else {
		fprintf(stderr, "%s: unknown word of a schema\n", word);
		abort();
	}
	return (fits);
}

static int
schema_word(
    const json_t *all, const char *word, const json_t *rule, const json_t *json)
{
	const char *text = json_string_value(json);
	json_int_t n = json_integer_value(rule);

	if (strcmp(word, "type") == 0)
		return (schema_type(rule, json));
	if (strcmp(word, "$ref") == 0)
		return (schema_fits(
		    all, json_string_value(rule) + strlen(SCHEMA_REF), json));
	if (strcmp(word, "const") == 0)
		return (json_equal(rule, json));
	if (strcmp(word, "minimum") == 0)
		return (
		    !json_is_integer(json) || json_integer_value(json) >= n);
	if (strcmp(word, "maximum") == 0)
		return (
		    !json_is_integer(json) || json_integer_value(json) <= n);
	if (strcmp(word, "pattern") == 0)
		return (text == NULL ||
		    schema_matches(text, json_string_value(rule)));
	if (strcmp(word, "format") == 0)
		return (text == NULL ||
		    strcmp(json_string_value(rule), "date-time") != 0 ||
		    schema_is_time(text));
	if (strcmp(word, "minLength") == 0)
		return (text == NULL || schema_count(json) >= n);
	if (strcmp(word, "maxLength") == 0)
		return (text == NULL || schema_count(json) <= n);
	if (strcmp(word, "minItems") == 0)
		return (!json_is_array(json) || schema_count(json) >= n);
	if (strcmp(word, "minProperties") == 0)
		return (!json_is_object(json) || schema_count(json) >= n);
	if (strcmp(word, "maxProperties") == 0)
		return (!json_is_object(json) || schema_count(json) <= n);
	return (schema_members(all, word, rule, json));
}

static int
schema_value(const json_t *all, const json_t *schema, const json_t *json)
{
	static const char *const silent[] = { "title", "description",
		"examples", "properties", "additionalProperties" };
	const char *word;
	json_t *rule;
	size_t i;

	json_object_foreach((json_t *)(size_t)schema, word, rule)
	{
		for (i = 0; i < sizeof(silent) / sizeof(*silent); i++)
			if (strcmp(word, silent[i]) == 0)
				break;
		if (i == sizeof(silent) / sizeof(*silent) &&
		    !schema_word(all, word, rule, json)) {
			schema_say(word, "is not kept");
			return (0);
		}
	}
	if (json_object_get(schema, "properties") == NULL &&
	    json_object_get(schema, "additionalProperties") == NULL)
		return (1);
	return (schema_properties(all, schema, json));
}

int
schema_fits(const json_t *schemas, const char *name, const json_t *json)
{
	const json_t *schema = json_object_get(schemas, name);

	if (schema == NULL)
		abort();
	return (schema_value(schemas, schema, json));
}
