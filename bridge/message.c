#include <stdlib.h>

#include "bridge/message.h"

struct message *
message_new(void)
{
	return (calloc(1, sizeof(struct message)));
}

void
message_free(struct message *m)
{
	if (m == NULL)
		return;
	free(m->flags);
	free(m->raw);
	free(m);
}
