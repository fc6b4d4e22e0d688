#include <stdio.h>
#include <string.h>

#include "bridge/envelope/date.h"

#define DATE_WORDS 16

struct date {
	unsigned year, month, day, hour, minute, second;
	int have_time, have_year, have_zone;
	int offset; /* minutes east of UTC */
	int unknown_offset;
	int guessed; /* what is missing or makes no sense was filled in */
};

static const char date_months[] = "janfebmaraprmayjunjulaugsepoctnovdec";
static const char date_days[] = "montuewedthufrisatsun";

/* Read digits at the start; how many there were. */
static size_t
date_digits(struct span s, unsigned *value)
{
	size_t i;

	*value = 0;
	for (i = 0; i < s.len && s.data[i] >= '0' && s.data[i] <= '9'; i++)
		if (i < 8)
			*value = *value * 10 + (unsigned)(s.data[i] - '0');
	return (i);
}

/* The index of a three-letter name at the start of the word, or -1. */
static int
date_name(const char *names, struct span word)
{
	char three[4] = { 0 };
	int i;

	if (word.len < 3)
		return (-1);
	for (i = 0; names[i * 3] != '\0'; i++) {
		memcpy(three, names + i * 3, 3);
		if (span_starts(word, three))
			return (i);
	}
	return (-1);
}

static int
date_clock(struct date *d, struct span word, char colon)
{
	struct span part, rest = word;
	unsigned *field[3] = { &d->hour, &d->minute, &d->second };
	size_t i, n;

	for (i = 0; i < 3 && rest.data != NULL; i++) {
		part = span_split(&rest, colon);
		n = date_digits(part, field[i]);
		if (n == 0 || n > 2)
			return (-1);
		/* "12:30:15.123": the fraction is dropped. */
		if (n != part.len && (i != 2 || part.data[n] != '.'))
			return (-1);
	}
	if (i < 2)
		return (-1);
	/* RFC 3339 knows second 60; many of its readers do not. */
	if (d->second == 60) {
		d->second = 59;
		d->guessed = 1;
	}
	d->have_time = 1;
	return (0);
}

/* "+0200", "-07:00", "+2"; 0 if it is none. */
static int
date_offset(struct date *d, struct span word)
{
	struct span digits = span_cut(word, 1, word.len);
	unsigned hours, minutes = 0, value;
	size_t n;

	if (word.len < 2 || (word.data[0] != '+' && word.data[0] != '-'))
		return (0);
	n = date_digits(digits, &value);
	if (n == 4) {
		hours = value / 100;
		minutes = value % 100;
	} else if (n == 1 || n == 2) {
		hours = value;
		if (digits.len == n + 3 && digits.data[n] == ':')
			(void)date_digits(
			    span_cut(digits, n + 1, digits.len), &minutes);
	} else {
		return (0);
	}
	if (hours > 23 || minutes > 59)
		return (0);
	d->offset = (int)(hours * 60 + minutes);
	d->unknown_offset = word.data[0] == '-' && d->offset == 0;
	if (word.data[0] == '-')
		d->offset = -d->offset;
	d->have_zone = 1;
	return (1);
}

static void
date_zone(struct date *d, struct span word)
{
	static const struct {
		const char *name;
		int hours;
	} zones[] = { { "UT", 0 }, { "UTC", 0 }, { "GMT", 0 }, { "Z", 0 },
		{ "EST", -5 }, { "EDT", -4 }, { "CST", -6 }, { "CDT", -5 },
		{ "MST", -7 }, { "MDT", -6 }, { "PST", -8 }, { "PDT", -7 },
		{ "CET", 1 }, { "MET", 1 }, { "CEST", 2 }, { "MEST", 2 },
		{ "EET", 2 }, { "EEST", 3 }, { "WET", 0 }, { "WEST", 1 },
		{ "BST", 1 }, { "MSK", 3 }, { "JST", 9 }, { "KST", 9 },
		{ "HST", -10 }, { "AKST", -9 }, { "AKDT", -8 }, { "AEST", 10 },
		{ "AEDT", 11 }, { "NZST", 12 }, { "NZDT", 13 } };
	size_t i;

	if (d->have_zone)
		return;
	for (i = 0; i < sizeof(zones) / sizeof(*zones); i++)
		if (span_is(word, zones[i].name)) {
			d->offset = zones[i].hours * 60;
			d->have_zone = 1;
			return;
		}
	/* "GMT+0800", "UTC-5" */
	if (span_starts(word, "GMT") || span_starts(word, "UTC"))
		(void)date_offset(d, span_cut(word, 3, word.len));
}

/* "3:04 PM"; 0 if the word is neither. */
static int
date_half(struct date *d, struct span word)
{
	int after = span_is(word, "PM");

	if ((!after && !span_is(word, "AM")) || !d->have_time || d->hour < 1 ||
	    d->hour > 12)
		return (0);
	d->hour = d->hour % 12 + (after ? 12 : 0);
	return (1);
}

static void
date_year(struct date *d, unsigned value, size_t digits)
{
	/* RFC 5322 section 4.3 */
	if (digits == 2)
		value += value < 50 ? 2000 : 1900;
	else if (digits == 3)
		value += 1900;
	d->year = value;
	d->have_year = 1;
}

static int
date_word(struct date *d, struct span word)
{
	unsigned value;
	size_t n;
	int name;

	if (memchr(word.data, ':', word.len) != NULL && !d->have_time)
		return (date_clock(d, word, ':'));
	if (memchr(word.data, '.', word.len) != NULL && !d->have_time &&
	    d->have_year)
		return (date_clock(d, word, '.'));
	if (d->have_time && date_offset(d, word))
		return (0);
	if ((n = date_digits(word, &value)) != 0) {
		/* "2026-05-01": the year comes first, then the month. */
		if (d->have_year && d->month == 0 && d->day == 0 && n <= 2)
			d->month = value != 0 ? value : 13;
		/* "1st": letters after a day are nothing. */
		else if (d->day == 0 && n <= 2)
			d->day = value;
		else if (!d->have_year && n <= 4)
			date_year(d, value, n);
		else
			return (-1);
		return (0);
	}
	if (d->month == 0 && (name = date_name(date_months, word)) != -1)
		d->month = (unsigned)name + 1;
	else if ((date_name(date_days, word) == -1 || d->have_time) &&
	    !date_half(d, word))
		date_zone(d, word);
	return (0);
}

static int
date_valid(const struct date *d)
{
	static const unsigned char days[] = { 31, 29, 31, 30, 31, 30, 31, 31,
		30, 31, 30, 31 };
	int leap =
	    d->year % 4 == 0 && (d->year % 100 != 0 || d->year % 400 == 0);

	return (d->month >= 1 && d->month <= 12 && d->have_time &&
	    d->have_year && d->year >= 1900 && d->year <= 9999 && d->day >= 1 &&
	    d->day <= days[d->month - 1] &&
	    (d->month != 2 || d->day <= 28 || leap) && d->hour <= 23 &&
	    d->minute <= 59 && d->second <= 59);
}

int
date_parse(struct span s, char out[DATE_TEXT])
{
	struct date d = { 0 };
	struct span word;
	size_t i, words;
	int depth = 0, clock, minutes;

	for (i = words = 0; i < s.len && words < DATE_WORDS; words++) {
		/* Comments and what only separates */
		for (; i < s.len; i++) {
			if (s.data[i] == '(')
				depth++;
			else if (s.data[i] == ')' && depth != 0)
				depth--;
			else if (depth == 0 && !span_space(s.data[i]) &&
			    s.data[i] != ',')
				break;
		}
		word = span_cut(s, i, s.len);
		for (clock = 0, word.len = 0; i < s.len; i++, word.len++) {
			char c = s.data[i];

			if (span_space(c) || c == ',' || c == '(')
				break;
			/* "00:01+0000", "00:01Z" */
			clock |= c == ':' && word.len != 0 && !d.have_time;
			if (clock && (c == '+' || c == '-' || c == 'Z'))
				break;
			/* "01T12:30:00" */
			if (c == 'T' && word.len == 2 && d.month != 0 &&
			    s.len - i > 1 && s.data[i + 1] >= '0' &&
			    s.data[i + 1] <= '9') {
				i++;
				break;
			}
			/* "01-May-2026", "2026/05/01" */
			if ((c == '-' || (c == '/' && d.day == 0)) &&
			    !d.have_time && word.len != 0) {
				i++;
				break;
			}
		}
		if (word.len != 0 && date_word(&d, word) == -1)
			return (-1);
	}
	if (!date_valid(&d))
		return (-1);
	d.guessed |= !d.have_zone;
	minutes = d.offset < 0 ? -d.offset : d.offset;
	/* The moduli only tell the compiler what date_valid() made sure. */
	(void)snprintf(out, DATE_TEXT,
	    "%04u-%02u-%02uT%02u:%02u:%02u%c%02u:%02u", d.year % 10000,
	    d.month % 100, d.day % 100, d.hour % 100, d.minute % 100,
	    d.second % 100, d.offset < 0 || d.unknown_offset ? '-' : '+',
	    (unsigned)minutes / 60 % 100, (unsigned)minutes % 60);
	return (d.guessed);
}

int
date_utc(int64_t seconds, char out[DATE_TEXT])
{
	int64_t days = seconds / 86400, rest = seconds % 86400, era, doe, yoe;
	int64_t doy, mp, year, month, day;

	if (rest < 0) {
		rest += 86400;
		days--;
	}
	if (days < -719162 || days > 2932896)
		return (-1);
	/* Howard Hinnant's civil_from_days: years from March, in eras of 400.
	 */
	days += 719468;
	era = (days >= 0 ? days : days - 146096) / 146097;
	doe = days - era * 146097;
	yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
	mp = (5 * doy + 2) / 153;
	day = doy - (153 * mp + 2) / 5 + 1;
	month = mp < 10 ? mp + 3 : mp - 9;
	year = yoe + era * 400 + (month <= 2);
	(void)snprintf(out, DATE_TEXT, "%04u-%02u-%02uT%02u:%02u:%02uZ",
	    (unsigned)year % 10000, (unsigned)month % 100, (unsigned)day % 100,
	    (unsigned)(rest / 3600) % 100, (unsigned)(rest / 60 % 60),
	    (unsigned)(rest % 60));
	return (0);
}
