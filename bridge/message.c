#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "bridge/message.h"
#include "bridge/reset.h"

struct message *
message_new(void)
{
	return (calloc(1, sizeof(struct message)));
}

int
message_is_cut(const struct message *m)
{
	return (m->incomplete || m->size > m->raw_len);
}

const char *
message_thread(const struct message *m, char text[24])
{
	if (m->thread_id != NULL || m->gm_thrid == 0)
		return (m->thread_id);
	(void)snprintf(text, 24, "%" PRIu64, m->gm_thrid);
	return (text);
}

void
message_free(struct message *m)
{
	if (m == NULL)
		return;
	if (m->reset != NULL)
		reset_clear(m->reset);
	free(m->reset);
	free(m->flags);
	free(m->email_id);
	free(m->thread_id);
	free(m->gm_labels);
	free(m->raw);
	free(m);
}
