/* schema.h - `mailbridge schema`: the JSON Schema of an event. */
#ifndef SCHEMA_H
#define SCHEMA_H

/* Write the schema to standard output.  ${argv}[0] is "schema".  Returns the
 * exit code (sysexits.h). */
int cli_schema(int argc, char **argv);

#endif
