#include <errno.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/fault.h"
#include "bridge/limits.h"
#include "bridge/config/include.h"
#include "bridge/config/source.h"
#include "bridge/config/yaml.h"

struct includer {
	struct config_source *src;
	json_t *root;
	json_t *seen; /* paths read so far, as keys */
	struct fault *f;
};

static int
no_memory(struct fault *f)
{
	return (fault_set(f, FAULT_RETRY, "config: %s", strerror(ENOMEM)));
}

/* A file whose value is a mapping, or NULL.  An empty file is an empty one. */
static json_t *
read_mapping(
    struct config_source *src, const struct source_file *file, struct fault *f)
{
	struct source_place top = { file, 1, 1 };
	json_t *value;

	if ((value = yaml_read(src, file, f)) == NULL)
		return (NULL);
	if (json_is_null(value)) {
		if ((value = json_object()) == NULL ||
		    source_add(src, value, &top) == -1) {
			no_memory(f);
			json_decref(value);
			return (NULL);
		}
	}
	if (json_is_object(value))
		return (value);
	if (json_is_array(value))
		top = source_place(src, value);
	source_fault(f, &top, "a config file must be a mapping of keys");
	json_decref(value);
	return (NULL);
}

static int
append(struct includer *in, json_t *to, json_t *from)
{
	struct source_place at;
	json_t *item;
	size_t i;

	json_array_foreach(from, i, item)
	{
		at = source_item_place(in->src, from, i);
		if (json_array_append(to, item) == -1 ||
		    source_add_member(in->src, to, NULL, &at, &at) == -1)
			return (no_memory(in->f));
	}
	return (0);
}

/* Put ${from}[${key}] into ${to}, which has no such key. */
static int
take(struct includer *in, json_t *to, json_t *from, const char *key)
{
	if (json_object_set(to, key, json_object_get(from, key)) == -1 ||
	    source_copy_member(in->src, to, from, key) == -1)
		return (no_memory(in->f));
	return (0);
}

static int
twice(const struct includer *in, const json_t *to, const json_t *from,
    const char *parent, const char *key)
{
	struct source_place before = source_key_place(in->src, to, key);
	struct source_place again = source_key_place(in->src, from, key);

	return (source_fault(in->f, &again,
	    "%s%s%s: was defined before, at %s:%u:%u", parent,
	    parent[0] != '\0' ? "." : "", key, before.file->path, before.line,
	    before.column));
}

static int
merge_mapping(struct includer *in, json_t *to, json_t *from, const char *parent)
{
	const char *key;
	json_t *value;

	json_object_foreach(from, key, value)
	{
		if (json_object_get(to, key) != NULL)
			return (twice(in, to, from, parent, key));
		if (take(in, to, from, key) == -1)
			return (-1);
	}
	return (0);
}

static int
merge_root(struct includer *in, json_t *from)
{
	struct source_place at;
	const char *key;
	json_t *value, *own;
	int rc = 0;

	if (json_object_get(from, "include") != NULL) {
		at = source_key_place(in->src, from, "include");
		return (source_fault(in->f, &at,
		    "include: only the main file may include others"));
	}
	json_object_foreach(from, key, value)
	{
		own = json_object_get(in->root, key);
		if (own == NULL)
			rc = take(in, in->root, from, key);
		else if (json_is_array(own) && json_is_array(value))
			rc = append(in, own, value);
		else if (json_is_object(own) && json_is_object(value))
			rc = merge_mapping(in, own, value, key);
		else
			rc = twice(in, in->root, from, "", key);
		if (rc == -1)
			return (-1);
	}
	return (0);
}

static int
include_file(struct includer *in, const char *path)
{
	const struct source_file *file;
	json_t *value;
	int rc;

	/* Two patterns may match one file. */
	if (json_object_get(in->seen, path) != NULL)
		return (0);
	if (json_object_size(in->seen) == LIMIT_CONFIG_INCLUDES)
		return (fault_set(in->f, FAULT_CONFIG,
		    "%s: more than %d included files", path,
		    LIMIT_CONFIG_INCLUDES));
	if (json_object_set_new(in->seen, path, json_true()) == -1 ||
	    (file = source_file(in->src, path)) == NULL)
		return (no_memory(in->f));
	if ((value = read_mapping(in->src, file, in->f)) == NULL)
		return (-1);
	rc = merge_root(in, value);
	json_decref(value);
	return (rc);
}

/* All files that the pattern at ${at} matches.  A wildcard may match none, so
 * that an empty accounts.d is fine; a plain name must be there. */
static int
include_pattern(
    struct includer *in, const char *pattern, const struct source_place *at)
{
	char *full = NULL;
	glob_t found;
	size_t i;
	int rc;

	if (pattern[0] == '/')
		full = strdup(pattern);
	else if (asprintf(&full, "%s/%s", at->file->folder, pattern) == -1)
		full = NULL;
	if (full == NULL)
		return (no_memory(in->f));
	rc = glob(full, GLOB_ERR, NULL, &found);
	if (rc == GLOB_NOMATCH)
		rc = strpbrk(pattern, "*?[") != NULL
		    ? 0
		    : source_fault(in->f, at, "include: %s: %s", pattern,
			  strerror(ENOENT));
	else if (rc != 0)
		rc = source_fault(in->f, at, "include: %s: %s", pattern,
		    rc == GLOB_NOSPACE ? strerror(ENOMEM) : strerror(errno));
	else
		for (i = 0; i < found.gl_pathc && rc == 0; i++)
			rc = include_file(in, found.gl_pathv[i]);
	globfree(&found);
	free(full);
	return (rc);
}

static int
include_all(struct includer *in, json_t *patterns)
{
	struct source_place at;
	json_t *pattern;
	size_t i;

	if (!json_is_array(patterns)) {
		at = source_value_place(in->src, in->root, "include");
		return (source_fault(
		    in->f, &at, "include: expected a list of file patterns"));
	}
	json_array_foreach(patterns, i, pattern)
	{
		at = source_item_place(in->src, patterns, i);
		if (!json_is_string(pattern))
			return (source_fault(in->f, &at,
			    "include[%zu]: expected a file pattern", i));
		if (include_pattern(in, json_string_value(pattern), &at) == -1)
			return (-1);
	}
	return (0);
}

json_t *
include_read(struct config_source *src, const char *path, struct fault *f)
{
	struct includer in = { .src = src, .f = f };
	const struct source_file *file;
	json_t *patterns;
	int rc;

	if ((file = source_file(src, path)) == NULL) {
		no_memory(f);
		return (NULL);
	}
	if ((in.root = read_mapping(src, file, f)) == NULL)
		return (NULL);
	/* From here the source's reference keeps it. */
	json_decref(in.root);
	patterns = json_object_get(in.root, "include");
	if (patterns == NULL)
		return (in.root);
	if ((in.seen = json_object()) == NULL)
		rc = no_memory(f);
	else
		rc = include_all(&in, patterns);
	json_decref(in.seen);
	json_object_del(in.root, "include");
	return (rc == 0 ? in.root : NULL);
}
