/* rfc8621_example.h - the message of RFC 8621 section 4.1.4, each part's
 * content its letter there. */
#ifndef RFC8621_EXAMPLE_H
#define RFC8621_EXAMPLE_H

#define RFC8621_EXAMPLE                                                   \
	"Content-Type: multipart/mixed; boundary=m1\r\n\r\n"              \
	"--m1\r\nContent-Type: text/plain\r\n"                            \
	"Content-Disposition: inline\r\n\r\nA\r\n"                        \
	"--m1\r\nContent-Type: multipart/mixed; boundary=m2\r\n\r\n"      \
	"--m2\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n" \
	"--a\r\nContent-Type: multipart/mixed; boundary=m3\r\n\r\n"       \
	"--m3\r\nContent-Type: text/plain\r\n"                            \
	"Content-Disposition: inline\r\n\r\nB\r\n"                        \
	"--m3\r\nContent-Type: image/jpeg; name=C\r\n"                    \
	"Content-Disposition: inline\r\n\r\nC\r\n"                        \
	"--m3\r\nContent-Type: text/plain\r\n"                            \
	"Content-Disposition: inline\r\n\r\nD\r\n--m3--\r\n"              \
	"--a\r\nContent-Type: multipart/related; boundary=r\r\n\r\n"      \
	"--r\r\nContent-Type: text/html\r\n\r\nE\r\n"                     \
	"--r\r\nContent-Type: image/jpeg; name=F\r\n\r\nF\r\n--r--\r\n"   \
	"--a--\r\n"                                                       \
	"--m2\r\nContent-Type: image/jpeg; name=G\r\n"                    \
	"Content-Disposition: attachment\r\n\r\nG\r\n"                    \
	"--m2\r\nContent-Type: application/x-excel; name=H\r\n\r\nH\r\n"  \
	"--m2\r\nContent-Type: message/rfc822; name=J\r\n\r\n"            \
	"Subject: J\r\n\r\nJ\r\n--m2--\r\n"                               \
	"--m1\r\nContent-Type: text/plain\r\n"                            \
	"Content-Disposition: inline\r\n\r\nK\r\n--m1--\r\n"

#endif
