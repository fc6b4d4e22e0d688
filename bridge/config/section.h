/* section.h - reading one mapping of the config with errors that name the
 * place: "FILE:LINE:COL: accounts[2].auth.method: message".
 *
 * Each reader marks its key as known; the key is borrowed until section_end().
 * The first mistake is kept; every later call still returns a usable default,
 * so that a reader of many keys checks once, by section_end(). */
#ifndef SECTION_H
#define SECTION_H

#include <jansson.h>
#include <stdint.h>

struct config_source; /* a parsed file: tree and positions, see yaml.h */
struct fault;
struct secret;
struct section;

/* Open the mapping ${object}, whose path (for errors) is ${path}:
 * "sinks.events". The source is borrowed and must outlive the section.  A value
 * that is no mapping is a mistake that section_end() tells. */
struct section *section_new(
    const struct config_source *, json_t *object, const char *path);

/* Readers.  An absent key gives ${fallback} (may be NULL for strings).  Strings
 * live as long as the source and are never empty unless they are the fallback.
 * Numbers are checked against [min, max].  section_required() gives "" where
 * the key is missing. */
const char *section_string(
    struct section *, const char *key, const char *fallback);
const char *section_required(struct section *, const char *key);
int64_t section_integer(struct section *, const char *key, int64_t fallback,
    int64_t min, int64_t max);
int section_bool(struct section *, const char *key, int fallback);

/* A size: an integer of bytes or a string with KiB, MiB or GiB. */
uint64_t section_bytes(struct section *, const char *key, uint64_t fallback,
    uint64_t min, uint64_t max);

/* One of the NULL-ended ${names}; its index. */
int section_choice(
    struct section *, const char *key, const char *const *names, int fallback);

/* A path, made absolute against the config file's folder; malloc'ed, NULL if
 * absent and ${fallback} is NULL. */
char *section_path(struct section *, const char *key, const char *fallback);

/* A reference to a secret ({file: ...}, {env: ...}, ...); NULL if absent.  The
 * caller frees it (secret_free).  It is not resolved here. */
struct secret *section_secret(struct section *, const char *key);

/* A value of any type (borrowed), or NULL; and a nested mapping, or NULL if
 * absent.  section_end() of the parent does not end the child: end the child
 * first, its mistake becomes the parent's as well. */
json_t *section_value(struct section *, const char *key);
struct section *section_child(struct section *, const char *key);

/* The list at ${key}, or NULL if absent or a mistake; and its item ${i}, as a
 * string ("" where it is none) or as a mapping (to be ended like a child). */
json_t *section_list(struct section *, const char *key);
const char *section_item_string(struct section *, const char *key, size_t i);
struct section *section_item(struct section *, const char *key, size_t i);

/* The list of strings at ${key}, which must be there and not be empty: a
 * NULL-ended array for free(), its strings borrowed from the value; NULL on a
 * mistake. */
const char **section_words(struct section *, const char *key);

/* The same as a reference to a secret; NULL if it is none. */
struct secret *section_item_secret(struct section *, const char *key, size_t i);

/* Was the key given?  section_need() notes a mistake if not; of such a mistake
 * section_end() tells only when no key is unknown, because that may be the
 * missing one misspelt. */
int section_has(const struct section *, const char *key);
int section_need(struct section *, const char *key);

/* The key is part of the contract and not of this version: a mistake if given.
 */
void section_unsupported(struct section *, const char *key);

/* Note a mistake at ${key} (NULL: at the section itself); the first one stays.
 */
void section_error(struct section *, const char *key, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* The same at item ${i} of the list at ${key}. */
void section_item_error(struct section *, const char *key, size_t i,
    const char *fmt, ...) __attribute__((format(printf, 4, 5)));

/* Where ${key} stands, for an error that turns up only later: "FILE:LINE:COL:
 * sinks.events.path"; malloc'ed. */
char *section_place(const struct section *, const char *key);

/* Was there a mistake so far?  Keys that nobody read are not counted yet. */
int section_failed(const struct section *);

/* The path of the section, for messages. */
const char *section_where(const struct section *);

/* Done: keys that nobody read are a mistake too, with the nearest known key
 * suggested.  Frees the section.  0, or -1 with the first mistake in ${f}
 * (FAULT_CONFIG). */
int section_end(struct section *, struct fault *f);

#endif
