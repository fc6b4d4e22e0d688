#include "bridge/fault.h"
#include "sinks/kafka/kafka_error.h"

struct rule {
	rd_kafka_resp_err_t err;
	enum kafka_trouble trouble;
	const char *advice;
};

static const char create[] = "create the topic, or allow its creation with "
			     "auto.create.topics.enable on the brokers";
static const char allow[] = "allow it with an ACL (kafka-acls --producer)";
static const char login[] =
    "check security.protocol and the sasl.* and ssl.* properties";

/* What is not here passes: no event is ever given up because of a code that we
 * do not know. */
static const struct rule rules[] = {
	{ RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, KAFKA_PERSON, create },
	{ RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, KAFKA_PERSON, create },
	{ RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION, KAFKA_PERSON, create },
	{ RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION, KAFKA_PERSON,
	    "choose another name for the topic" },
	{ RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, KAFKA_PERSON, allow },
	{ RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED, KAFKA_PERSON,
	    "allow IdempotentWrite on the cluster with an ACL" },
	{ RD_KAFKA_RESP_ERR_TRANSACTIONAL_ID_AUTHORIZATION_FAILED, KAFKA_PERSON,
	    "allow Write and Describe on the transactional_id with an ACL" },
	{ RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED, KAFKA_PERSON, login },
	{ RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM, KAFKA_PERSON, login },
	{ RD_KAFKA_RESP_ERR__AUTHENTICATION, KAFKA_PERSON, login },
	{ RD_KAFKA_RESP_ERR__SSL, KAFKA_PERSON, login },
	{ RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE, KAFKA_PERSON,
	    "the brokers are too old" },
	{ RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION, KAFKA_PERSON,
	    "the brokers are too old" },
	{ RD_KAFKA_RESP_ERR_UNSUPPORTED_COMPRESSION_TYPE, KAFKA_PERSON,
	    "set the property compression.type: none" },
	{ RD_KAFKA_RESP_ERR_POLICY_VIOLATION, KAFKA_PERSON,
	    "see the brokers' policies" },
	{ RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN, KAFKA_AWAY,
	    "check brokers, the network and the cluster" },
	{ RD_KAFKA_RESP_ERR__TRANSPORT, KAFKA_AWAY,
	    "check brokers, the network and the cluster" },
	{ RD_KAFKA_RESP_ERR__RESOLVE, KAFKA_AWAY,
	    "check the names in brokers and the name service" },
	{ RD_KAFKA_RESP_ERR__TIMED_OUT, KAFKA_AWAY,
	    "no broker answers; check brokers and the cluster" },
	{ RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, KAFKA_MESSAGE, NULL },
	{ RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE, KAFKA_MESSAGE, NULL },
	{ RD_KAFKA_RESP_ERR_INVALID_RECORD, KAFKA_MESSAGE, NULL },
	{ RD_KAFKA_RESP_ERR__PURGE_QUEUE, KAFKA_ENDED, NULL },
	{ RD_KAFKA_RESP_ERR__PURGE_INFLIGHT, KAFKA_ENDED, NULL },
	{ RD_KAFKA_RESP_ERR__FATAL, KAFKA_ENDED, NULL },
	{ RD_KAFKA_RESP_ERR__DESTROY, KAFKA_ENDED, NULL },
};

enum kafka_trouble
kafka_error_judge(rd_kafka_resp_err_t err, const char *text, struct fault *f)
{
	enum kafka_trouble trouble = KAFKA_PASSING;
	const char *advice = NULL;
	size_t i;

	for (i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
		if (rules[i].err == err) {
			trouble = rules[i].trouble;
			advice = rules[i].advice;
			break;
		}
	}
	fault_set(f, trouble == KAFKA_PERSON ? FAULT_CONFIG : FAULT_RETRY,
	    "%s%s%.250s%s%s%s", rd_kafka_err2str(err), text != NULL ? ": " : "",
	    text != NULL ? text : "", advice != NULL ? " (" : "",
	    advice != NULL ? advice : "", advice != NULL ? ")" : "");
	return (trouble);
}
