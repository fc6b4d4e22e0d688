/* config_text.h - a config file, c.yaml in the folder of the test, and what is
 * said of it. */
#ifndef CONFIG_TEXT_H
#define CONFIG_TEXT_H

#define ACCOUNT(name) \
	"{name: " name ", host: h, user: u, auth: {password: {file: s}}}"
#define SINK "sinks: {out: {type: stdout}}\n"

struct config;

/* It is accepted. */
struct config *config_good(const char *text);

/* Its first mistake; the second: of c.yaml as it is. */
void config_bad(const char *text, const char *expected);
void config_bad_file(const char *expected);

/* The first mistake of an account with the keys ${keys} besides the needed
 * ones: "COLUMN: KEY: TEXT". */
void config_bad_key(const char *keys, const char *expected);

#endif
