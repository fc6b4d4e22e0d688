#include <stdlib.h>
#include <string.h>

#include "bridge/reset.h"

static const char *const causes[] = { [RESET_UIDVALIDITY] = "uidValidity",
	[RESET_UIDNEXT] = "uidNext",
	[RESET_UID] = "uid" };

const char *
reset_cause_name(enum reset_cause cause)
{
	return (causes[cause]);
}

enum reset_cause
reset_cause_read(const char *name)
{
	size_t i;

	for (i = sizeof(causes) / sizeof(causes[0]) - 1; i > 0; i--) {
		if (strcmp(name, causes[i]) == 0)
			break;
	}
	return ((enum reset_cause)i);
}

uint32_t
reset_above(const struct reset *r)
{
	/* Without a match nobody has looked. */
	return (strcmp(r->policy, "match") == 0 ? r->uid : 0);
}

uint64_t
reset_epoch(const struct reset_span *spans, size_t n, uint32_t uid)
{
	size_t i;

	/* What is below the last one was there before it. */
	for (i = 0; i < n; i++) {
		if (uid > spans[i].above)
			return (uid <= spans[i].ceiling ? spans[i].epoch : 0);
	}
	return (0);
}

int
reset_copy(struct reset *to, const struct reset *from)
{
	*to = *from;
	to->skip = strdup(from->skip != NULL ? from->skip : "");
	to->plain = strdup(from->plain != NULL ? from->plain : "");
	if (to->skip != NULL && to->plain != NULL)
		return (0);
	reset_clear(to);
	return (-1);
}

void
reset_clear(struct reset *r)
{
	free(r->skip);
	free(r->plain);
	*r = (struct reset){ .epoch = 0 };
}
