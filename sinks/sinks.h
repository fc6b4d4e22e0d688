/* sinks.h - the sinks there are: one line each here and in sinks.c. */
#ifndef SINKS_H
#define SINKS_H

struct sink_ops;

extern const struct sink_ops directory_ops;
extern const struct sink_ops stdout_ops;
extern const struct sink_ops redis_ops;
extern const struct sink_ops kafka_ops;
extern const struct sink_ops webhook_ops;
extern const struct sink_ops exec_ops;

#endif
