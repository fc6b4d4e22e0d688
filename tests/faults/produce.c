/* rd_kafka_producev() takes a list of tagged arguments, which cannot be handed
 * on as they are: the array's variant of it gets them. */
#include <dlfcn.h>
#include <librdkafka/rdkafka.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/faults/faults.h"

#define ARGUMENTS 16

static size_t
collect(rd_kafka_vu_t *to, va_list ap)
{
	rd_kafka_vtype_t type;
	size_t n = 0;

	while ((type = va_arg(ap, rd_kafka_vtype_t)) != RD_KAFKA_VTYPE_END) {
		rd_kafka_vu_t *v = &to[n++];

		v->vtype = type;
		switch (type) {
		case RD_KAFKA_VTYPE_TOPIC:
			v->u.cstr = va_arg(ap, const char *);
			break;
		case RD_KAFKA_VTYPE_RKT:
			v->u.rkt = va_arg(ap, rd_kafka_topic_t *);
			break;
		case RD_KAFKA_VTYPE_MSGFLAGS:
			v->u.i = va_arg(ap, int);
			break;
		case RD_KAFKA_VTYPE_KEY:
		case RD_KAFKA_VTYPE_VALUE:
			v->u.mem.ptr = va_arg(ap, void *);
			v->u.mem.size = va_arg(ap, size_t);
			break;
		case RD_KAFKA_VTYPE_HEADERS:
			v->u.headers = va_arg(ap, rd_kafka_headers_t *);
			break;
		case RD_KAFKA_VTYPE_OPAQUE:
			v->u.ptr = va_arg(ap, void *);
			break;
		default:
			(void)dprintf(2, "faults: argument %d?\n", (int)type);
			abort();
		}
	}
	return (n);
}

rd_kafka_resp_err_t
rd_kafka_producev(rd_kafka_t *rk, ...)
{
	rd_kafka_error_t *(*next)(rd_kafka_t *, const rd_kafka_vu_t *, size_t);
	rd_kafka_resp_err_t (*code)(const rd_kafka_error_t *);
	void (*destroy)(rd_kafka_error_t *);
	rd_kafka_vu_t arguments[ARGUMENTS];
	rd_kafka_resp_err_t result = RD_KAFKA_RESP_ERR_NO_ERROR;
	struct faults_call call;
	rd_kafka_error_t *error;
	va_list ap;
	size_t n;

	va_start(ap, rk);
	n = collect(arguments, ap);
	va_end(ap);
	*(void **)&next = dlsym(RTLD_NEXT, "rd_kafka_produceva");
	*(void **)&code = dlsym(RTLD_NEXT, "rd_kafka_error_code");
	*(void **)&destroy = dlsym(RTLD_NEXT, "rd_kafka_error_destroy");
	faults_before(&call, "kafka-produce", -1, NULL);
	error = next(rk, arguments, n);
	(void)faults_after(&call, 0);
	if (error != NULL) {
		result = code(error);
		destroy(error);
	}
	return (result);
}
