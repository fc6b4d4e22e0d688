#include <errno.h>
#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "bridge/cli/args.h"
#include "bridge/cli/cli.h"
#include "bridge/cli/schema.h"
#include "bridge/envelope/event.h"
#include "bridge/envelope/problem.h"

/* The files themselves, so that there is one place to read and to change: the
 * definitions of all that is published, and the frame of the AsyncAPI document.
 */
__asm__(".pushsection .rodata\n"
	"schema_json:\n"
	".incbin \"bridge/envelope/schema.json\"\n"
	"schema_json_end:\n"
	"asyncapi_json:\n"
	".incbin \"bridge/envelope/asyncapi.json\"\n"
	"asyncapi_json_end:\n"
	".popsection\n");

extern const char schema_json[] __attribute__((visibility("hidden")));
extern const char schema_json_end[] __attribute__((visibility("hidden")));
extern const char asyncapi_json[] __attribute__((visibility("hidden")));
extern const char asyncapi_json_end[] __attribute__((visibility("hidden")));

#define DEFINITIONS "#/definitions/"
#define COMPONENTS "#/components/schemas/"

/* What is published: its type, the definition of its data (NULL: as the format
 * says), and the name for that with CloudEvents around it. */
static const struct schema_kind {
	const char *type, *data, *around;
} schema_kinds[] = {
	{ EVENT_TYPE, NULL, "cloudevent" },
	{ EVENT_REFUSED, "refused", "refusedCloudevent" },
	{ EVENT_RESET, "reset", "resetCloudevent" },
};

#define KINDS (sizeof(schema_kinds) / sizeof(schema_kinds[0]))

/* What is asked for, as the config names it. */
struct schema {
	const char *format, *cloudevents;
	json_t *all, *definitions; /* the file, and what is in it */
};

static json_t *
schema_read(const char *from, const char *to)
{
	json_t *json;

	json = json_loadb(from, (uintptr_t)to - (uintptr_t)from, 0, NULL);
	if (json == NULL) {
		fputs("mailbridge schema: out of memory\n", stderr);
		exit(EX_OSERR);
	}
	return (json);
}

static const char *
schema_data(const struct schema *s, const struct schema_kind *kind)
{
	if (kind->data != NULL)
		return (kind->data);
	return (strcmp(s->format, "jmap") == 0 ? "email" : "envelope");
}

/* The definition that is published: the data, or what is around it. */
static const char *
schema_root(const struct schema *s, const struct schema_kind *kind)
{
	if (strcmp(s->cloudevents, "structured") == 0)
		return (kind->around);
	return (schema_data(s, kind));
}

/* The codes are those of the program. */
static void
schema_codes(json_t *definitions)
{
	json_t *codes = json_array(), *code;
	size_t i;

	for (i = 0; i < PROBLEM_CODES; i++)
		json_array_append_new(
		    codes, json_string(problem_texts[i].code));
	code = json_object_get(
	    json_object_get(
		json_object_get(definitions, "problem"), "properties"),
	    "code");
	json_object_set_new(code, "examples", codes);
}

/* Each kind has its own type and data. */
static void
schema_around(const struct schema *s, const struct schema_kind *kind)
{
	json_t *around, *properties;

	around = json_deep_copy(json_object_get(s->definitions, "cloudevent"));
	properties = json_object_get(around, "properties");
	json_object_set_new(
	    properties, "type", json_pack("{s: s}", "const", kind->type));
	json_object_set_new(properties, "data",
	    json_pack("{s: s+}", "$ref", DEFINITIONS, schema_data(s, kind)));
	json_object_set_new(s->definitions, kind->around, around);
}

static void
schema_load(struct schema *s)
{
	size_t i;

	s->all = schema_read(schema_json, schema_json_end);
	s->definitions = json_object_get(s->all, "definitions");
	schema_codes(s->definitions);
	for (i = 0; i < KINDS; i++)
		schema_around(s, &schema_kinds[i]);
}

/* Copy the definitions that ${json} refers to into ${to}, and those that they
 * refer to.  Recursion ends: each is copied once. */
static void
schema_collect(const struct schema *s, const json_t *json, json_t *to)
{
	const char *ref = json_string_value(json_object_get(json, "$ref"));
	const char *key, *name;
	json_t *value;
	size_t i;

	if (ref != NULL) {
		name = ref + strlen(DEFINITIONS);
		if (json_object_get(to, name) != NULL)
			return;
		value = json_object_get(s->definitions, name);
		json_object_set(to, name, value);
		schema_collect(s, value, to);
	}
	json_object_foreach((json_t *)(uintptr_t)json, key, value)
	    schema_collect(s, value, to);
	json_array_foreach(json, i, value) schema_collect(s, value, to);
}

/* References as they are in an AsyncAPI document. */
static void
schema_move(json_t *json)
{
	const char *ref = json_string_value(json_object_get(json, "$ref"));
	const char *key;
	json_t *value;
	size_t i;

	if (ref != NULL && strncmp(ref, DEFINITIONS, strlen(DEFINITIONS)) == 0)
		json_object_set_new(json, "$ref",
		    json_sprintf(COMPONENTS "%s", ref + strlen(DEFINITIONS)));
	json_object_foreach(json, key, value) schema_move(value);
	json_array_foreach(json, i, value) schema_move(value);
}

/* A schema by itself, in words that draft-07 has as well. */
static json_t *
schema_alone(const struct schema *s, const struct schema_kind *kind)
{
	json_t *root = json_object(), *definitions = json_object();
	json_t *it = json_object_get(s->definitions, schema_root(s, kind));

	json_object_set_new(root, "$schema",
	    json_string("https://json-schema.org/draft/2020-12/schema"));
	json_object_update(root, it);
	schema_collect(s, it, definitions);
	json_object_set_new(root, "definitions", definitions);
	return (root);
}

/* Give a message of the document its payload, which its name tells. */
static void
schema_message(const struct schema *s, json_t *message, json_t *schemas)
{
	const char *name = json_string_value(json_object_get(message, "name"));
	const struct schema_kind *kind = schema_kinds;
	json_t *payload;

	while (strcmp(kind->type, name) != 0)
		kind++;
	payload =
	    json_pack("{s: s+}", "$ref", DEFINITIONS, schema_root(s, kind));
	json_object_set_new(message, "payload", payload);
	schema_collect(s, payload, schemas);
}

/* CloudEvents names an attribute "ce_id" in Kafka's binding, "ce-id" in HTTP's.
 */
static json_t *
schema_http_name(const char *name)
{
	return (strncmp(name, "ce_", 3) == 0 ? json_sprintf("ce-%s", name + 3)
					     : json_string(name));
}

/* The same headers as HTTP has them. */
static json_t *
schema_http(const json_t *headers)
{
	json_t *http = json_deep_copy(headers), *properties, *required;
	json_t *all = json_object(), *value, *name;
	const char *key;
	size_t i;

	properties = json_object_get(http, "properties");
	json_object_foreach(properties, key, value)
	{
		name = schema_http_name(key);
		json_object_set(all, json_string_value(name), value);
		json_decref(name);
	}
	json_object_set_new(http, "properties", all);
	required = json_object_get(http, "required");
	json_array_foreach(required, i, value) json_array_set_new(
	    required, i, schema_http_name(json_string_value(value)));
	return (http);
}

/* The frame has the headers of all modes, and the names of all messages. */
static json_t *
schema_asyncapi(const struct schema *s)
{
	json_t *doc = schema_read(asyncapi_json, asyncapi_json_end);
	json_t *components = json_object_get(doc, "components"), *message;
	json_t *schemas = json_object(), *frame, *headers, *type;
	const char *key;

	frame = json_object_get(components, "schemas");
	headers = json_object_get(frame, s->cloudevents);
	json_object_set(schemas, "attributes", headers);
	json_object_set_new(schemas, "httpAttributes", schema_http(headers));
	json_object_set(schemas, "webhook", json_object_get(frame, "webhook"));
	type = json_object_get(
	    json_object_get(
		json_object_get(headers, "properties"), "content-type"),
	    "const");
	json_object_foreach(
	    json_object_get(components, "messages"), key, message)
	{
		json_object_set(message, "contentType", type);
		schema_message(s, message, schemas);
	}
	json_object_set_new(components, "schemas", schemas);
	schema_move(doc);
	return (doc);
}

int
cli_schema(int argc, char **argv)
{
	static const char *const formats[] = { "envelope", "jmap", NULL };
	static const char *const modes[] = { "binary", "structured", "none",
		NULL };
	const char *types[KINDS + 1] = { NULL };
	unsigned format = 0, mode = 0, kind = 0, i;
	struct schema s;
	struct args args;
	json_t *doc;
	int rc;

	if (args_parse(&args, argc, argv) == -1)
		return (EX_USAGE);
	for (i = 0; i < KINDS; i++)
		types[i] = schema_kinds[i].type;
	if ((rc = args_choice(&args, "type", types, &kind)) != 0 ||
	    (rc = args_choice(&args, "format", formats, &format)) != 0 ||
	    (rc = args_choice(&args, "cloudevents", modes, &mode)) != 0)
		return (rc);
	s.format = formats[format];
	s.cloudevents = modes[mode];
	schema_load(&s);
	doc = args_value(&args, "asyncapi") != NULL
	    ? schema_asyncapi(&s)
	    : schema_alone(&s, &schema_kinds[kind]);
	rc = json_dumpf(doc, stdout, JSON_INDENT(2));
	json_decref(doc);
	json_decref(s.all);
	if (rc == -1 || putchar('\n') == EOF || fflush(stdout) == EOF) {
		fprintf(stderr, "mailbridge schema: standard output: %s\n",
		    strerror(errno));
		return (EX_IOERR);
	}
	return (EX_OK);
}
