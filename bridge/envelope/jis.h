/* jis.h - ISO-2022-JP as it is written: with the half-width katakana and the
 * vendors' characters that C libraries refuse in it and take in EUC-JP-MS. */
#ifndef JIS_H
#define JIS_H

#include "bridge/buf.h"
#include "bridge/envelope/span.h"

/* Append the text as EUC-JP, from escape sequences to high bits.  Unknown
 * escape sequences stay.  0, or -1 when ${out} refused. */
int jis_append_euc(struct buf *out, struct span);

#endif
