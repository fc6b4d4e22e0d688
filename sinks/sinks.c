#include <string.h>

#include "sinks/sink.h"
#include "sinks/sinks.h"

static const struct sink_ops *const table[] = { &directory_ops, &stdout_ops,
	&redis_ops, &kafka_ops, &webhook_ops, &exec_ops };

#define NTYPES (sizeof(table) / sizeof(table[0]))

static const char *const types[NTYPES + 1] = { "directory", "stdout", "redis",
	"kafka", "webhook", "exec", NULL };

const struct sink_ops *
sinks_find(const char *type)
{
	size_t i;

	for (i = 0; i < NTYPES; i++) {
		if (strcmp(table[i]->type, type) == 0)
			return (table[i]);
	}
	return (NULL);
}

const char *const *
sinks_types(void)
{
	return (types);
}
