#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "bridge/envelope/event.h"
#include "sinks/directory/directory_name.h"

#define HASH_BYTES 16 /* of the SHA-256, in a shortened name */

static const char hex[] = "0123456789ABCDEF";

static int
is_plain(unsigned char c)
{
	/* Not isalnum(), which follows the locale. */
	return ((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	    (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-');
}

/* Encode as much of ${name} as fits into ${max} characters; 1 if all did. */
static int
encode(const char *name, int dots, char *out, size_t max)
{
	const unsigned char *p = (const unsigned char *)name;
	size_t len = 0;

	for (; *p != '\0'; p++) {
		if (is_plain(*p) && !(dots && *p == '.')) {
			if (len + 1 > max)
				break;
			out[len++] = (char)*p;
			continue;
		}
		if (len + 3 > max)
			break;
		out[len++] = '%';
		out[len++] = hex[*p >> 4];
		out[len++] = hex[*p & 15];
	}
	out[len] = '\0';
	return (*p == '\0');
}

/* ${name} encoded into at most ${max} characters: what does not fit is told by
 * its hash. */
static void
shorten(const char *name, int dots, char *out, size_t max)
{
	unsigned char md[EVP_MAX_MD_SIZE] = { 0 };
	size_t i, len;

	if (encode(name, dots, out, max))
		return;
	(void)encode(name, dots, out, max - 1 - 2 * HASH_BYTES);
	EVP_Digest(name, strlen(name), md, NULL, EVP_sha256(), NULL);
	len = strlen(out);
	out[len++] = '~';
	for (i = 0; i < HASH_BYTES; i++) {
		out[len++] = hex[md[i] >> 4];
		out[len++] = hex[md[i] & 15];
	}
	out[len] = '\0';
}

void
directory_name_folder(const char *name, char folder[DIRECTORY_NAME_MAX + 1])
{
	int dots;

	dots = name[strspn(name, ".")] == '\0' || strcmp(name, ".tmp") == 0;
	shorten(name, dots, folder, DIRECTORY_NAME_MAX);
}

/* Its mailbox is in the name: the folder is that of all mailboxes. */
static void
name_notice(const struct event *ev, char file[DIRECTORY_NAME_MAX + 1])
{
	size_t left = DIRECTORY_NAME_MAX - strlen(ev->id) - sizeof("+.json");
	char whole[1024];

	(void)snprintf(whole, sizeof(whole), "%s/%s", ev->account, ev->mailbox);
	shorten(whole, 0, file, left);
	left = strlen(file);
	(void)snprintf(
	    file + left, DIRECTORY_NAME_MAX + 1 - left, "+%s.json", ev->id);
}

void
directory_name_file(const struct event *ev, char file[DIRECTORY_NAME_MAX + 1])
{
	char epoch[24] = "";
	size_t len;

	if (strcmp(ev->type, EVENT_RESET) == 0) {
		name_notice(ev, file);
		return;
	}
	if (strcmp(ev->type, EVENT_TYPE) != 0) {
		(void)encode(ev->id, 0, file,
		    DIRECTORY_NAME_MAX - (sizeof(".json") - 1));
		len = strlen(file);
		(void)snprintf(
		    file + len, DIRECTORY_NAME_MAX + 1 - len, ".json");
		return;
	}
	if (ev->epoch != 0)
		(void)snprintf(epoch, sizeof(epoch), "-%" PRIu64, ev->epoch);
	(void)snprintf(file, DIRECTORY_NAME_MAX + 1,
	    "%" PRIu64 "-%010" PRIu32 "%s.json", ev->uidvalidity, ev->uid,
	    epoch);
}
