/* yaml.h - YAML text to a json_t tree with the place of everything in it.
 *
 * Plain scalars follow the core schema of YAML 1.2 (section 10.3.2): quoted
 * ones are strings, and so are yes, no, on and off.  What makes a config hard
 * to read or dangerous to take is refused with its place: anchors, aliases,
 * tags, merge keys, a second document, duplicate keys, keys that are not
 * strings, NUL in a string, and nesting deeper than LIMIT_CONFIG_NESTING. */
#ifndef CONFIG_YAML_H
#define CONFIG_YAML_H

#include <jansson.h>
#include <stddef.h>

struct config_source;
struct fault;
struct source_file;

/* Parse ${len} bytes, for messages of ${file}, noting places in ${src}.  The
 * value, which belongs to the caller; NULL with the first mistake in ${f}. An
 * empty document is JSON null. */
json_t *yaml_parse(struct config_source *src, const struct source_file *file,
    const char *text, size_t len, struct fault *f);

/* Read ${file} (at most LIMIT_CONFIG_FILE bytes) and parse it. */
json_t *yaml_read(
    struct config_source *src, const struct source_file *file, struct fault *f);

#endif
