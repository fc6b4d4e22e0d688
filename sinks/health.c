#include <string.h>

#include "sinks/health.h"
#include "sinks/sink.h"

void
health_init(struct health *h, struct sink *s)
{
	h->sink = s;
	h->state = HEALTH_UNKNOWN;
	h->reason[0] = '\0';
}

void
health_up(struct health *h)
{
	const struct sink_host *host = &h->sink->host;

	if (h->state == HEALTH_UP)
		return;
	h->state = HEALTH_UP;
	host->state(host->arg, 1, NULL);
}

void
health_down(struct health *h, const struct fault *why)
{
	const struct sink_host *host = &h->sink->host;

	if (h->state == HEALTH_DOWN && strcmp(h->reason, why->text) == 0)
		return;
	h->state = HEALTH_DOWN;
	memcpy(h->reason, why->text, sizeof(h->reason));
	host->state(host->arg, 0, why);
}
