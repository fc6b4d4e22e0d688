#include <stdint.h>
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

/* message = [authzid] NUL authcid NUL passwd */
static int
put_plain(const char *user, const char *password, struct buf *out)
{
	struct buf b;
	int result;

	buf_init(&b, LIMIT_SECRET * 2);
	/* Reserved at once, so that no copy is left behind by growing. */
	result = buf_reserve(&b, strlen(user) + strlen(password) + 2);
	buf_putc(&b, '\0');
	buf_puts(&b, user);
	buf_putc(&b, '\0');
	buf_puts(&b, password);
	if (result == -1 || b.failed || put_base64(out, b.data, b.len) == -1)
		result = -1;
	if (b.data != NULL)
		OPENSSL_cleanse(b.data, b.len);
	buf_free(&b);
	return (result);
}

int
sasl_answer(enum sasl_mechanism mechanism, int step, const char *user,
    const char *password, struct buf *out)
{
	const char *word;

	if (mechanism == SASL_PLAIN && step == 0)
		return (put_plain(user, password, out));
	if (mechanism == SASL_LOGIN && step <= 1) {
		word = step == 0 ? user : password;
		return (put_base64(out, word, strlen(word)));
	}
	return (-1);
}
