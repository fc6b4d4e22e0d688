/* kafka_real.h - the far side of a Kafka sink with delivery: exactly_once, on a
 * real broker: librdkafka's mock of one knows no aborted transactions.  The
 * broker is a parent's, which tests/e2e/test_kafka_contract.py is: its address
 * is in $KAFKA_BROKERS; it is ended and started anew, and makes topics, by
 * lines to descriptor $KAFKA_CONTROL, each answered with an octet. */
#ifndef KAFKA_REAL_H
#define KAFKA_REAL_H

/* Is there such a parent? */
int kafka_real_is_there(void);

/* The contract and what is tested on a real broker alone; the exit code. */
int kafka_real_run(void);

#endif
