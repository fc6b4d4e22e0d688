#include <curl/curl.h>
#include <glib.h>
#include <hiredis/hiredis.h>
#include <jansson.h>
#include <librdkafka/rdkafka.h>
#include <openssl/crypto.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sysexits.h>
#include <uv.h>
#include <yaml.h>

#include "bridge/version.h"
#include "bridge/cli/args.h"
#include "bridge/cli/cli.h"

int
cli_version(int argc, char **argv)
{
	struct args args;

	if (args_parse(&args, argc, argv) == -1)
		return (EX_USAGE);
	printf("mailbridge %s\n", MAILBRIDGE_VERSION);
	if (args_value(&args, "verbose") == NULL)
		return (EX_OK);
	printf("libuv %s\n", uv_version_string());
	printf("libcurl %s\n", curl_version_info(CURLVERSION_NOW)->version);
	printf("%s\n", OpenSSL_version(OPENSSL_VERSION));
	printf("GLib %u.%u.%u\n", glib_major_version, glib_minor_version,
	    glib_micro_version);
	printf("SQLite %s\n", sqlite3_libversion());
	printf("librdkafka %s\n", rd_kafka_version_str());
	printf(
	    "hiredis %d.%d.%d\n", HIREDIS_MAJOR, HIREDIS_MINOR, HIREDIS_PATCH);
	printf("jansson %s\n", jansson_version_str());
	printf("libyaml %s\n", yaml_get_version_string());
	return (EX_OK);
}
