/* date.h - the dates of mail and of RFC 3339. */
#ifndef DATE_H
#define DATE_H

#include <stdint.h>

#include "bridge/envelope/span.h"

#define DATE_TEXT 28

/* Write the Date of a mail as "2026-05-01T12:30:00+02:00", in the sender's own
 * offset.  Lenient: day name, seconds, zone may be missing, zones may be
 * names, years may have two digits.  0; 1 if the zone is missing or unknown and
 * UTC was taken, or a leap second was; -1 when it cannot be told what is meant.
 */
int date_parse(struct span, char out[DATE_TEXT]);

/* Write seconds since 1970 as "2026-05-01T10:30:00Z".  0, or -1 for years
 * outside 1 to 9999. */
int date_utc(int64_t seconds, char out[DATE_TEXT]);

#endif
