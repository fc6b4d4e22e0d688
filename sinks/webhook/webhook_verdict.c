#include <stddef.h>

#include "bridge/fault.h"
#include "sinks/webhook/webhook_verdict.h"

/* Those that say more than that somebody has to look.  RFC 9110 section 15. */
static const struct {
	int status;
	enum webhook_verdict verdict;
	enum fault_kind kind;
	const char *advice;
} known[] = {
	{ 400, WEBHOOK_PERSON, FAULT_CONFIG,
	    "Bad Request (do both sides have the same `secret`, and does the "
	    "server take this `envelope`?  If it means this one mail, add 400 "
	    "to `refused_status`)" },
	{ 401, WEBHOOK_PERSON, FAULT_AUTH,
	    "Unauthorized (check `secret` and `headers`)" },
	{ 403, WEBHOOK_PERSON, FAULT_AUTH,
	    "Forbidden (check `secret` and `headers`, and what the server "
	    "allows this address)" },
	{ 404, WEBHOOK_PERSON, FAULT_CONFIG, "Not Found (check `url`)" },
	{ 405, WEBHOOK_PERSON, FAULT_CONFIG,
	    "Method Not Allowed: it takes no POST (check `url`)" },
	{ 407, WEBHOOK_PERSON, FAULT_AUTH,
	    "Proxy Authentication Required (check `proxy`)" },
	{ 408, WEBHOOK_PASSING, FAULT_RETRY, "Request Timeout" },
	{ 410, WEBHOOK_GONE, FAULT_CONFIG,
	    "Gone: the server wants no more events.  Take the sink out of the "
	    "config, or when the server is mended send SIGHUP to try again "
	    "now; "
	    "else it is tried again in an hour" },
	{ 413, WEBHOOK_PERSON, FAULT_CONFIG,
	    "Content Too Large (set `max_event_bytes` below what the server "
	    "takes)" },
	{ 415, WEBHOOK_PERSON, FAULT_CONFIG,
	    "Unsupported Media Type (check `envelope.cloudevents`)" },
	{ 425, WEBHOOK_PASSING, FAULT_RETRY, "Too Early" },
	{ 429, WEBHOOK_PASSING, FAULT_RETRY,
	    "Too Many Requests (a smaller `max_in_flight` asks for less)" },
	{ 501, WEBHOOK_PERSON, FAULT_CONFIG, "Not Implemented (check `url`)" },
};

static int
judge_known(long status, enum webhook_verdict *verdict, struct fault *f)
{
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (known[i].status != status)
			continue;
		*verdict = known[i].verdict;
		fault_set(f, known[i].kind, "%ld %s", status, known[i].advice);
		return (1);
	}
	return (0);
}

enum webhook_verdict
webhook_judge(long status, const char refused[100], struct fault *f)
{
	enum webhook_verdict verdict;

	if (status >= 200 && status < 300)
		return (WEBHOOK_STORED);
	if (status >= 400 && status < 500 && refused[status - 400]) {
		fault_set(f, FAULT_RETRY, "%ld: refused for good", status);
		return (WEBHOOK_REFUSED);
	}
	if (judge_known(status, &verdict, f))
		return (verdict);
	if (status >= 500) {
		fault_set(f, FAULT_RETRY, "%ld", status);
		return (WEBHOOK_PASSING);
	}
	/* Not followed: the signature and the secret headers are for this
	 * server, and a POST may come out of it as a GET. */
	if (status >= 300 && status < 400)
		fault_set(f, FAULT_CONFIG,
		    "%ld: a redirect, which is not followed: write its target "
		    "into `url`",
		    status);
	else
		fault_set(f, FAULT_CONFIG, "%ld (check `url`)", status);
	return (WEBHOOK_PERSON);
}
