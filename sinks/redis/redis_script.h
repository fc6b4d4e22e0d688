/* redis_script.h - what runs inside Redis for delivery: exactly_once.  Sent
 * with each call (EVAL): some hundred octets beside a batch, and there is
 * nothing that a restart, a failover or SCRIPT FLUSH could take away. */
#ifndef REDIS_SCRIPT_H
#define REDIS_SCRIPT_H

/* Become the owner.  KEYS: the checkpoint hash.  ARGV: our session, our record,
 * and (when we were the owner before) the record that ours displaced.
 * Replies with the owner's record as it is now, ours or another's, and as it
 * was before. */
extern const char redis_script_claim[];

/* Store a batch.  KEYS: stream, checkpoint hash.  ARGV: the owner's record as
 * it must be and as it will be, maxlen, the number of marks, their fields and
 * values; then of each event the fields and values of its entry, and "".
 * Replies with 1: stored, now or before; or with the owner's record, which is
 * another one ("": there is none). */
extern const char redis_script_store[];

#endif
