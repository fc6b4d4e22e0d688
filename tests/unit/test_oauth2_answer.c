/* What token endpoints say, good and bad. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bridge/auth/http.h"
#include "bridge/auth/jwt.h"
#include "bridge/auth/oauth2_answer.h"
#include "bridge/auth/oauth2_form.h"
#include "bridge/buf.h"
#include "bridge/fault.h"

static int
answer(long status, const char *body, unsigned long retry_ms,
    struct oauth2_answer *a, struct fault *f)
{
	struct http_answer h = { .status = status,
		.body = body,
		.len = strlen(body),
		.retry_ms = retry_ms };

	return (oauth2_answer_read(&h, a, f));
}

static void
good(const char *body, const char *token, const char *refresh,
    unsigned long seconds)
{
	struct oauth2_answer a;
	struct fault f;

	assert_int_equal(answer(200, body, 0, &a, &f), 0);
	assert_string_equal(a.access_token, token);
	if (refresh == NULL)
		assert_null(a.refresh_token);
	else
		assert_string_equal(a.refresh_token, refresh);
	assert_int_equal(a.expires_seconds, seconds);
	oauth2_answer_clear(&a);
	assert_null(a.access_token);
}

static void
test_tokens(void **state)
{
	(void)state;
	good("{\"token_type\":\"Bearer\",\"expires_in\":3599,"
	     "\"ext_expires_in\":3599,\"access_token\":\"ey.a.b\"}",
	    "ey.a.b", NULL, 3599);
	good("{\"access_token\":\"t\",\"expires_in\":\"60\","
	     "\"refresh_token\":\"r\",\"token_type\":\"bearer\"}",
	    "t", "r", 60);
	good("{\"access_token\":\"t\"}", "t", NULL, OAUTH2_DEFAULT_SECONDS);
	good("{\"access_token\":\"t\",\"expires_in\":-5}", "t", NULL,
	    OAUTH2_DEFAULT_SECONDS);
	good("{\"access_token\":\"t\",\"expires_in\":1e300}", "t", NULL,
	    365 * 86400);
	good("{\"access_token\":\"t\",\"refresh_token\":\"a b\"}", "t", NULL,
	    OAUTH2_DEFAULT_SECONDS);
}

static void
bad(long status, const char *body, enum fault_kind kind, const char *part)
{
	struct oauth2_answer a;
	struct fault f;

	assert_int_equal(answer(status, body, 7000, &a, &f), -1);
	assert_int_equal(f.kind, kind);
	if (strstr(f.text, part) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", part, f.text);
	assert_null(strstr(f.text, "canary"));
	assert_null(a.access_token);
}

static void
test_failures(void **state)
{
	struct oauth2_answer a;
	struct fault f;

	(void)state;
	bad(200, "", FAULT_RETRY, "no JSON object");
	bad(200, "<html>canary</html>", FAULT_RETRY, "no JSON object");
	bad(200, "[1]", FAULT_RETRY, "no JSON object");
	bad(200, "{}", FAULT_RETRY, "gives no access_token");
	bad(200, "{\"access_token\":5}", FAULT_RETRY, "gives no access_token");
	bad(200, "{\"access_token\":\"canary\\u0001x\"}", FAULT_RETRY,
	    "gives no access_token");
	bad(200, "{\"access_token\":\"canary x\"}", FAULT_RETRY,
	    "gives no access_token");
	bad(200, "{\"access_token\":\"canary\",\"token_type\":\"mac\"}",
	    FAULT_CONFIG, "IMAP takes Bearer");
	bad(302, "{\"access_token\":\"canary\"}", FAULT_CONFIG, "a redirect");
	bad(404, "not here", FAULT_CONFIG, "no token endpoint");
	bad(429, "{}", FAULT_RETRY, "throttling us");
	bad(503, "later", FAULT_RETRY, "out of order (HTTP 503)");
	assert_int_equal(answer(429, "", 7000, &a, &f), -1);
	assert_int_equal(f.retry_ms, 7000);
	bad(400, "{\"error\":\"temporarily_unavailable\"}", FAULT_RETRY,
	    "refuses: temporarily_unavailable");
	bad(400, "{\"error\":\"unknown_thing\"}", FAULT_AUTH, "unknown_thing");
	bad(400, "{\"error\":5}", FAULT_AUTH, "no error code");
	bad(401, "{\"error\":\"invalid_client\"}", FAULT_AUTH,
	    "check client_id and its secret");
	bad(400,
	    "{\"error\":\"unauthorized_client\",\"error_description\":"
	    "\"Client is unauthorized to retrieve access tokens\"}",
	    FAULT_AUTH, "domain-wide delegation");
}

/* Which code asks for what. */
static void
test_microsoft(void **state)
{
	static const char *const table[][2] = {
		{ "7000215", "the secret's Value" },
		{ "7000222", "has expired" }, { "700016", "no application" },
		{ "90002", "Directory (tenant) ID" },
		{ "700027", "upload this certificate" },
		{ "65001", "admin consent" },
		{ "50034", "does not exist in this tenant" },
		{ "53003", "Conditional Access" },
		{ "70021", "federated credential" },
		{ "7002138", "same in case" }, { "700082", "new refresh_token" }
	};
	char body[256];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		(void)snprintf(body, sizeof(body),
		    "{\"error\":\"invalid_client\",\"error_description\":"
		    "\"AADSTS%s: It failed. Trace ID: canary\"}",
		    table[i][0]);
		bad(400, body, FAULT_AUTH, table[i][1]);
	}
	bad(400,
	    "{\"error\":\"invalid_request\",\"error_description\":\"AADSTS"
	    "50196: a loop\"}",
	    FAULT_RETRY, "a loop");
}

static void
test_form(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 256);
	oauth2_form_put(&b, "scope", "https://x/.default a~b");
	oauth2_form_put(&b, "s", "&=+%\xc3\xbc");
	assert_string_equal(b.data,
	    "scope=https%3A%2F%2Fx%2F.default%20a~b&s=%26%3D%2B%25%C3%BC");
	buf_free(&b);
}

static void
test_claims(void **state)
{
	json_t *claims;

	(void)state;
	/* {"aud":"x","n":"..>"}: the characters that differ in base64url. */
	claims = jwt_claims("e30.eyJhdWQiOiJ4IiwibiI6Ij8_PiJ9.sig");
	assert_string_equal(
	    json_string_value(json_object_get(claims, "n")), "?\?>");
	json_decref(claims);
	assert_null(jwt_claims("opaque"));
	assert_null(jwt_claims("a.b"));
	assert_null(jwt_claims(".."));
	assert_null(jwt_claims("a.A.c"));
	assert_null(jwt_claims("a.!!!!.c"));
	assert_null(jwt_claims("a.W10.c"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tokens),
		cmocka_unit_test(test_failures),
		cmocka_unit_test(test_microsoft),
		cmocka_unit_test(test_form),
		cmocka_unit_test(test_claims),
	};

	return (cmocka_run_group_tests(tests, NULL, NULL));
}
