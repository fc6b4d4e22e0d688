#include <ctype.h>
#include <stdio.h>
#include <strings.h>

#include "bridge/imap/date.h"

static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
	"Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

/* Days from 1970-01-01 in the Gregorian calendar; no time zone, no clock. */
static int64_t
days(int64_t year, int month, int day)
{
	int64_t era, of_era, of_year;

	year -= month <= 2;
	era = (year >= 0 ? year : year - 399) / 400;
	of_era = year - era * 400;
	of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return (era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 +
	    of_year - 719468);
}

/* A number of at most ${max} digits; the text after it, or NULL. */
static const char *
number(const char *s, int max, int *n)
{
	int i;

	*n = 0;
	for (i = 0; i < max && isdigit((unsigned char)*s); i++)
		*n = *n * 10 + (*s++ - '0');
	return (i > 0 ? s : NULL);
}

static const char *
literal(const char *s, char c)
{
	return (s != NULL && *s == c ? s + 1 : NULL);
}

static const char *
month_name(const char *s, int *month)
{
	int i;

	for (i = 0; i < 12; i++) {
		if (strncasecmp(s, months[i], 3) == 0) {
			*month = i + 1;
			return (s + 3);
		}
	}
	return (NULL);
}

static int
zone(const char *s, int *minutes)
{
	int sign, hhmm;

	*minutes = 0;
	while (*s == ' ')
		s++;
	if (*s != '+' && *s != '-')
		return (*s == '\0' || isalpha((unsigned char)*s));
	sign = *s == '-' ? -1 : 1;
	if (number(s + 1, 4, &hhmm) == NULL)
		return (0);
	*minutes = sign * (hhmm / 100 * 60 + hhmm % 100);
	return (1);
}

int
imap_date_parse(const char *s, int64_t *seconds)
{
	int day, month, year, hour, minute, second, offset;

	while (*s == ' ')
		s++;
	if ((s = literal(number(s, 2, &day), '-')) == NULL ||
	    (s = literal(month_name(s, &month), '-')) == NULL ||
	    (s = literal(number(s, 4, &year), ' ')) == NULL)
		return (0);
	while (*s == ' ')
		s++;
	if ((s = literal(number(s, 2, &hour), ':')) == NULL ||
	    (s = literal(number(s, 2, &minute), ':')) == NULL ||
	    (s = number(s, 2, &second)) == NULL || !zone(s, &offset))
		return (0);
	if (day < 1 || day > 31 || year < 1 || hour > 23 || minute > 59 ||
	    second > 60)
		return (0);
	*seconds = days(year, month, day) * 86400 + hour * 3600 + minute * 60 +
	    second - offset * 60;
	return (1);
}

void
imap_date_format(char *to, size_t size, int year, int month, int day)
{
	(void)snprintf(
	    to, size, "%02d-%s-%04d", day, months[(month - 1) % 12], year);
}
