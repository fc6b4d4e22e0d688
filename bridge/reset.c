#include <stdlib.h>
#include <string.h>

#include "bridge/reset.h"

int
reset_renames(const struct reset *r, uint32_t uid)
{
	return (r->rewound && uid > r->uid && uid <= r->ceiling);
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
