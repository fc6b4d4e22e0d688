/* date.h - the dates of IMAP (RFC 9051: date, date-time). */
#ifndef IMAP_DATE_H
#define IMAP_DATE_H

#include <stddef.h>
#include <stdint.h>

/* Read "17-Jul-1996 02:44:25 -0700" (a missing zone is UTC) into seconds since
 * 1970.  1, or 0 if it is no date. */
int imap_date_parse(const char *, int64_t *seconds);

/* Write "05-Jan-2026" for SEARCH SINCE; ${to} has 12 octets or more. */
void imap_date_format(char *to, size_t size, int year, int month, int day);

#endif
