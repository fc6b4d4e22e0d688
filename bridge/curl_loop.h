/* curl_loop.h - libcurl's multi interface on a libuv loop.  Whoever has an easy
 * handle (a token request, an IMAP connection, a webhook) hands it in and is
 * called when its transfer has ended. */
#ifndef CURL_LOOP_H
#define CURL_LOOP_H

#include <curl/curl.h>
#include <uv.h>

struct curl_loop;

/* One transfer; embedded in its owner, zeroed before the first use. */
struct curl_transfer {
	/* The transfer has ended.  Called once, from the loop, never from
	 * inside curl_loop_add().  The handle is still the loop's: the owner
	 * takes it out with curl_loop_remove(), now or later. */
	void (*done)(void *arg, CURLcode result);
	void *arg;
	CURL *easy;		/* NULL while it is not in a loop */
	struct curl_loop *loop; /* that it is in */
};

/* With at most ${open} connections at once (0: no limit); more transfers wait
 * inside.  NULL if memory is out. */
struct curl_loop *curl_loop_new(uv_loop_t *, long open);

/* Start the transfer of ${easy}, with ${t}->done and ${t}->arg set.  Takes
 * CURLOPT_PRIVATE for itself.  0, or -1 if memory is out. */
int curl_loop_add(struct curl_loop *, CURL *easy, struct curl_transfer *t);

/* Take it out, ended or not: done() is not called any more, and the handle may
 * be used anew or cleaned up.  Not from inside libcurl's callbacks (write,
 * header, ...).  Harmless for one that is in no loop.  A socket that the owner
 * polls itself (CURLOPT_CONNECT_ONLY) must not be polled any more. */
void curl_loop_remove(struct curl_transfer *t);

/* All transfers must have been removed, and this is no call from inside done().
 * ${closed} is called from the loop when it is freed. */
void curl_loop_close(struct curl_loop *, void (*closed)(void *arg), void *arg);

#endif
