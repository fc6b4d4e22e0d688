/* capability.h - what a server says it can do, as far as we care. */
#ifndef CAPABILITY_H
#define CAPABILITY_H

enum capability {
	CAPABILITY_IDLE = 1 << 0,	   /* RFC 2177 */
	CAPABILITY_ID = 1 << 1,		   /* RFC 2971 */
	CAPABILITY_SASL_IR = 1 << 2,	   /* RFC 4959 */
	CAPABILITY_LOGINDISABLED = 1 << 3, /* RFC 3501 section 6.2.3 */
	CAPABILITY_AUTH_PLAIN = 1 << 4,	   /* RFC 4616 */
	CAPABILITY_AUTH_LOGIN = 1 << 5,
	CAPABILITY_IMAP4 = 1 << 6, /* any list at all was seen */
	CAPABILITY_AUTH_XOAUTH2 = 1 << 7,
	CAPABILITY_AUTH_OAUTHBEARER = 1 << 8, /* RFC 7628 */
	CAPABILITY_NOTIFY = 1 << 9,	      /* RFC 5465 */
	CAPABILITY_UNSELECT = 1 << 10,	      /* RFC 3691 */
	CAPABILITY_ENABLE = 1 << 11,	      /* RFC 5161 */
	CAPABILITY_ESEARCH = 1 << 12,	      /* RFC 4731 */
	CAPABILITY_UTF8 = 1 << 13,	      /* RFC 9755, ACCEPT or ONLY */
	CAPABILITY_UTF8_NAMES = 1 << 14,      /* RFC 9051 and not RFC 3501 */
	CAPABILITY_OBJECTID = 1 << 15,	      /* RFC 8474 */
	CAPABILITY_SAVEDATE = 1 << 16,	      /* RFC 8514 */
	CAPABILITY_GMAIL = 1 << 17	      /* X-GM-EXT-1 */
};

/* The set for a list as in "IMAP4rev1 IDLE AUTH=PLAIN", in any case; names
 * that we do not know are nothing.  IMAP4rev2 alone stands for all that it
 * contains (RFC 9051 appendix E). */
unsigned capability_read(const char *list);

#endif
