/* Numbers in responses: UID sets and response codes. */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "bridge/imap/response.h"
#include "bridge/imap/response_private.h"

int
response_read_number(const char *s, uint64_t *n)
{
	uint64_t value = 0;

	if (!isdigit((unsigned char)*s))
		return (0);
	for (; isdigit((unsigned char)*s); s++) {
		if (value > (UINT64_MAX - 9) / 10)
			return (0);
		value = value * 10 + (uint64_t)(*s - '0');
	}
	*n = value;
	return (*s == '\0' || strchr(" \t)],:", *s) != NULL);
}

int
response_range(const char **text, uint32_t *lo, uint32_t *hi)
{
	uint64_t n[2];
	const char *s = *text;
	int i;

	for (;;) {
		while (*s != '\0' && !isdigit((unsigned char)*s))
			s++;
		if (*s == '\0') {
			*text = s;
			return (0);
		}
		for (i = 0; i < 2; i++) {
			n[i] = 0;
			for (; isdigit((unsigned char)*s); s++) {
				if (n[i] <= UINT32_MAX)
					n[i] = n[i] * 10 + (uint64_t)(*s - '0');
			}
			if (i == 0 &&
			    (*s != ':' || !isdigit((unsigned char)s[1]))) {
				n[1] = n[0];
				break;
			}
			if (i == 0)
				s++;
		}
		if (n[0] > n[1]) {
			uint64_t swap = n[0];

			n[0] = n[1];
			n[1] = swap;
		}
		if (n[0] == 0 || n[1] > UINT32_MAX)
			continue;
		*lo = (uint32_t)n[0];
		*hi = (uint32_t)n[1];
		*text = s;
		return (1);
	}
}

int
response_code_is(const char *code, const char *name)
{
	size_t n = strlen(name);

	return (strncasecmp(code, name, n) == 0 &&
	    (code[n] == '\0' || code[n] == ' '));
}

int
response_code_number(const char *code, const char *name, uint64_t *n)
{
	if (!response_code_is(code, name))
		return (0);
	code += strlen(name);
	while (*code == ' ')
		code++;
	return (response_read_number(code, n));
}

int
response_code_limit(const char *code, uint32_t *limit, uint32_t *uid)
{
	uint64_t n, m;

	if (!response_code_number(code, "MESSAGELIMIT", &n) || n == 0)
		return (0);
	*limit = n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
	*uid = 0;
	code += strlen("MESSAGELIMIT");
	code += strspn(code, " ");
	code += strspn(code, "0123456789");
	code += strspn(code, " ");
	if (response_read_number(code, &m) && m <= UINT32_MAX)
		*uid = (uint32_t)m;
	return (1);
}
