/* source.h - the parsed files of a configuration: their values as one json_t
 * tree and, beside it, the place (file, line, column) of every key and value.
 * Places are kept by (container, member), because jansson shares one object
 * between all trues, falses and nulls. */
#ifndef SOURCE_H
#define SOURCE_H

#include <jansson.h>
#include <stddef.h>

struct config_source;
struct fault;
struct secret;

struct source_file {
	const char *path;   /* as given, for messages */
	const char *folder; /* absolute, without a slash at its end */
};

struct source_place {
	const struct source_file *file;
	unsigned line; /* from 1; 0: only the file is known */
	unsigned column;
};

/* An empty source, or NULL if memory is out. */
struct config_source *source_new(void);

/* Make ${path} one of the files; it lives as long as the source.  NULL if
 * memory is out or the current folder, which a relative path needs, is gone. */
const struct source_file *source_file(struct config_source *, const char *path);

/* The key that opens the encrypted secrets of the source (borrowed), and NULL
 * while none was set. */
void source_set_key(struct config_source *, const struct secret *key);
const struct secret *source_key(const struct config_source *);

/* The first file that was made, or NULL. */
const struct source_file *source_main(const struct config_source *);

/* Note where ${container}, a mapping or a list, begins.  The source keeps a
 * reference to it.  0, or -1 if memory is out. */
int source_add(
    struct config_source *, json_t *container, const struct source_place *);

/* Note the places of the next member of ${container}: of a mapping with its
 * ${key}, of a list (NULL) in order.  0, or -1 if memory is out. */
int source_add_member(struct config_source *, const json_t *container,
    const char *key, const struct source_place *key_at,
    const struct source_place *value_at);

/* Note that ${to}[${key}] has the places of ${from}[${key}]. */
int source_copy_member(struct config_source *, const json_t *to,
    const json_t *from, const char *key);

/* Where a container begins; where a member of a mapping (its key, its value) or
 * of a list stands.  What is not known has file NULL. */
struct source_place source_place(
    const struct config_source *, const json_t *container);
struct source_place source_key_place(
    const struct config_source *, const json_t *object, const char *key);
struct source_place source_value_place(
    const struct config_source *, const json_t *object, const char *key);
struct source_place source_item_place(
    const struct config_source *, const json_t *array, size_t i);

/* Set ${f} to FAULT_CONFIG and "FILE:LINE:COL: " with the text; -1. */
int source_fault(struct fault *f, const struct source_place *, const char *,
    ...) __attribute__((format(printf, 3, 4)));

/* Free it with its tree; source_free(NULL) has no effect. */
void source_free(struct config_source *);

#endif
