/* kafka_error.h - what an error of librdkafka or a broker means to us. */
#ifndef KAFKA_ERROR_H
#define KAFKA_ERROR_H

#include <librdkafka/rdkafka.h>

struct fault;

enum kafka_trouble {
	KAFKA_PASSING, /* the brokers' or the network's: wait */
	KAFKA_AWAY,    /* ... no broker can be reached at all */
	KAFKA_PERSON,  /* somebody must mend something: wait longer */
	KAFKA_MESSAGE, /* it may be this very message */
	KAFKA_ENDED    /* the producer was thrown away: no fault of anybody */
};

/* Judge ${err}, and put it into ${f} with what to do about it.  ${text} is what
 * librdkafka said beyond the code, or NULL. */
enum kafka_trouble kafka_error_judge(
    rd_kafka_resp_err_t err, const char *text, struct fault *f);

#endif
