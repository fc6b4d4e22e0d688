/* schema.h - a small JSON Schema validator: the words that the schema of events
 * uses, and no others. */
#ifndef SCHEMA_HELP_H
#define SCHEMA_HELP_H

#include <jansson.h>

/* Read the schema file; aborts when it cannot. */
json_t *schema_file(const char *path);

/* Does ${json} fit the definition of this name?  Stricter than consumers may
 * be: an object has no property that its schema does not name.  If not, the
 * place and the broken rule are printed, and 0 is returned.  A word of the
 * schema that is not known here aborts. */
int schema_fits(const json_t *schemas, const char *name, const json_t *json);

#endif
