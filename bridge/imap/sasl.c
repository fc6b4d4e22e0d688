#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "bridge/buf.h"
#include "bridge/imap/capability.h"
#include "bridge/imap/sasl.h"
#include "bridge/limits.h"

enum sasl_mechanism
sasl_choose(unsigned capabilities)
{
	if (capabilities & CAPABILITY_AUTH_PLAIN)
		return (SASL_PLAIN);
	if (!(capabilities & CAPABILITY_LOGINDISABLED))
		return (SASL_LOGIN_COMMAND);
	if (capabilities & CAPABILITY_AUTH_LOGIN)
		return (SASL_LOGIN);
	return (SASL_NONE);
}

enum sasl_mechanism
sasl_choose_token(unsigned capabilities)
{
	if (capabilities & CAPABILITY_AUTH_OAUTHBEARER)
		return (SASL_OAUTHBEARER);
	if (capabilities & CAPABILITY_AUTH_XOAUTH2)
		return (SASL_XOAUTH2);
	return (SASL_NONE);
}

int
sasl_answers_first(enum sasl_mechanism mechanism)
{
	return (mechanism == SASL_PLAIN || mechanism == SASL_XOAUTH2 ||
	    mechanism == SASL_OAUTHBEARER);
}

const char *
sasl_name(enum sasl_mechanism mechanism)
{
	switch (mechanism) {
	case SASL_PLAIN:
		return ("AUTHENTICATE PLAIN");
	case SASL_LOGIN:
		return ("AUTHENTICATE LOGIN");
	case SASL_LOGIN_COMMAND:
		return ("LOGIN");
	case SASL_XOAUTH2:
		return ("AUTHENTICATE XOAUTH2");
	case SASL_OAUTHBEARER:
		return ("AUTHENTICATE OAUTHBEARER");
	case SASL_NONE:
		break;
	}
	return ("no login");
}

static int
put_base64(struct buf *out, const void *data, size_t len)
{
	if (len > LIMIT_SECRET * 3 || buf_reserve(out, (len + 2) / 3 * 4) == -1)
		return (-1);
	out->len += (size_t)EVP_EncodeBlock(
	    (unsigned char *)out->data + out->len, data, (int)len);
	return (0);
}

/* The base64 of what is in ${b}, which held a secret and is wiped and freed. */
static int
put_wiped(struct buf *b, struct buf *out)
{
	int result = 0;

	if (b->failed || put_base64(out, b->data, b->len) == -1)
		result = -1;
	if (b->data != NULL)
		OPENSSL_cleanse(b->data, b->cap);
	buf_free(b);
	return (result);
}

/* message = [authzid] NUL authcid NUL passwd */
static int
put_plain(const char *user, const char *password, struct buf *out)
{
	struct buf b;

	buf_init(&b, LIMIT_SECRET * 2);
	/* Reserved at once, so that no copy is left behind by growing. */
	buf_reserve(&b, strlen(user) + strlen(password) + 2);
	buf_putc(&b, '\0');
	buf_puts(&b, user);
	buf_putc(&b, '\0');
	buf_puts(&b, password);
	return (put_wiped(&b, out));
}

/* "user=" user ^A "auth=Bearer " token ^A ^A */
static int
put_xoauth2(const char *user, const char *token, struct buf *out)
{
	struct buf b;

	buf_init(&b, LIMIT_SECRET * 2);
	buf_reserve(&b, strlen(user) + strlen(token) + 20);
	buf_puts(&b, "user=");
	buf_puts(&b, user);
	buf_puts(&b, "\001auth=Bearer ");
	buf_puts(&b, token);
	buf_puts(&b, "\001\001");
	return (put_wiped(&b, out));
}

/* gs2-header ^A "auth=Bearer " token ^A ^A; in the header's name "," and "="
 * are written =2C and =3D (RFC 5801 section 4).  Host and port are optional,
 * and no server looks at them with a bearer token. */
static int
put_oauthbearer(const char *user, const char *token, struct buf *out)
{
	struct buf b;

	buf_init(&b, LIMIT_SECRET * 2);
	buf_reserve(&b, strlen(user) * 3 + strlen(token) + 24);
	buf_puts(&b, "n,a=");
	for (; *user != '\0'; user++) {
		if (*user == ',')
			buf_puts(&b, "=2C");
		else if (*user == '=')
			buf_puts(&b, "=3D");
		else
			buf_putc(&b, *user);
	}
	buf_puts(&b, ",\001auth=Bearer ");
	buf_puts(&b, token);
	buf_puts(&b, "\001\001");
	return (put_wiped(&b, out));
}

int
sasl_answer(enum sasl_mechanism mechanism, int step, const char *user,
    const char *secret, struct buf *out)
{
	const char *word;

	if (mechanism == SASL_PLAIN && step == 0)
		return (put_plain(user, secret, out));
	if (mechanism == SASL_LOGIN && step <= 1) {
		word = step == 0 ? user : secret;
		return (put_base64(out, word, strlen(word)));
	}
	if (mechanism == SASL_XOAUTH2 && step == 0)
		return (put_xoauth2(user, secret, out));
	if (mechanism == SASL_XOAUTH2 && step == 1)
		return (0);
	if (mechanism == SASL_OAUTHBEARER && step == 0)
		return (put_oauthbearer(user, secret, out));
	if (mechanism == SASL_OAUTHBEARER && step == 1)
		return (buf_puts(out, "AQ=="));
	return (-1);
}

/* "NAME VALUE" of a member, which may be a string or a number. */
static void
put_member(struct buf *b, const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);
	const char *comma = b->len > 0 ? ", " : "";

	if (json_is_string(value))
		buf_printf(b, "%s%s %s", comma, name, json_string_value(value));
	else if (json_is_integer(value))
		buf_printf(b, "%s%s %lld", comma, name,
		    (long long)json_integer_value(value));
}

int
sasl_error(const char *challenge, char *text, size_t size)
{
	unsigned char octets[1024];
	size_t len = strlen(challenge);
	struct buf b;
	json_t *json;
	int n;

	text[0] = '\0';
	if (len == 0 || len / 4 * 3 > sizeof(octets) ||
	    (n = EVP_DecodeBlock(
		 octets, (const unsigned char *)challenge, (int)len)) == -1)
		return (0);
	/* The padding was decoded too, as NULs. */
	while (n > 0 && octets[n - 1] == '\0')
		n--;
	json = json_loadb((const char *)octets, (size_t)n, 0, NULL);
	if (json == NULL)
		return (0);
	buf_init(&b, sizeof(octets) * 2);
	put_member(&b, json, "status");
	put_member(&b, json, "scope");
	json_decref(json);
	if (b.len > 0)
		(void)snprintf(text, size, "%s", b.data);
	buf_free(&b);
	return (text[0] != '\0');
}
