#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/config/scalar.h"

static int
is_one_of(const char *text, const char *const *words)
{
	for (; *words != NULL; words++) {
		if (strcmp(text, *words) == 0)
			return (1);
	}
	return (0);
}

/* [-+]? [0-9]+ | 0o [0-7]+ | 0x [0-9a-fA-F]+: its base, or 0; *digits is where
 * strtoll should begin. */
static int
integer_base(const char *text, const char **digits)
{
	static const char *const sets[] = { "0123456789", "01234567",
		"0123456789abcdefABCDEF" };
	const char *p = text, *set = sets[0];
	int base = 10;

	*digits = text;
	if (p[0] == '0' && (p[1] == 'o' || p[1] == 'x')) {
		base = p[1] == 'o' ? 8 : 16;
		set = sets[base == 8 ? 1 : 2];
		p += 2;
		*digits = p;
	} else if (*p == '-' || *p == '+')
		p++;
	if (*p == '\0' || p[strspn(p, set)] != '\0')
		return (0);
	return (base);
}

/* [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )? */
static int
is_real(const char *p)
{
	size_t whole, part = 0;

	if (*p == '-' || *p == '+')
		p++;
	whole = strspn(p, "0123456789");
	p += whole;
	if (*p == '.') {
		part = strspn(p + 1, "0123456789");
		p += 1 + part;
	}
	if (whole + part == 0)
		return (0);
	if (*p == 'e' || *p == 'E') {
		p++;
		if (*p == '-' || *p == '+')
			p++;
		if (strspn(p, "0123456789") == 0)
			return (0);
		p += strspn(p, "0123456789");
	}
	return (*p == '\0');
}

/* .inf and .nan are numbers in YAML and not in JSON. */
static int
is_not_finite(const char *p)
{
	static const char *const infinite[] = { ".inf", ".Inf", ".INF", NULL };
	static const char *const nan[] = { ".nan", ".NaN", ".NAN", NULL };

	return (is_one_of(p, nan) ||
	    is_one_of(*p == '-' || *p == '+' ? p + 1 : p, infinite));
}

json_t *
scalar_resolve(const char *text, size_t len, const char **why)
{
	static const char *const nulls[] = { "", "~", "null", "Null", "NULL",
		NULL };
	static const char *const trues[] = { "true", "True", "TRUE", NULL };
	static const char *const falses[] = { "false", "False", "FALSE", NULL };
	const char *digits;
	long long integer;
	double real;
	int base;

	*why = NULL;
	if (is_one_of(text, nulls))
		return (json_null());
	if (is_one_of(text, trues))
		return (json_true());
	if (is_one_of(text, falses))
		return (json_false());
	if ((base = integer_base(text, &digits)) != 0) {
		errno = 0;
		integer = strtoll(digits, NULL, base);
		if (errno == 0)
			return (json_integer(integer));
		*why = "a number out of range";
		return (NULL);
	}
	if (is_real(text)) {
		real = strtod(text, NULL);
		if (isfinite(real))
			return (json_real(real));
	} else if (!is_not_finite(text))
		return (json_stringn(text, len));
	*why = "a number out of range";
	return (NULL);
}
