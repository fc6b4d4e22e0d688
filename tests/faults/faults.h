/* faults.h - a library for LD_PRELOAD that counts calls of a program under test
 * and makes one of them fail, or the process die at it.  Set up by environment
 * variables (tests/faults/__init__.py sets them):
 *
 *   FAULTS_CALLS   which are counted: names, separated by commas; "" all
 *   FAULTS_PATHS   ... and of those that have a file or a socket only such
 *                  whose name contains one of these texts, separated by
 *                  commas; ends in it, where it has a "$" at its end.  A
 *                  socket is called "tcp:ADDRESS:PORT", by its peer, and the
 *                  pipe to descriptor N of a program that libuv started for us
 *                  "program:N"
 *   FAULTS_AT      the number of the call that is hit, from 1; 0 only counts
 *   FAULTS_TIMES   so many in a row are hit; 0: all from there on
 *   FAULTS_UNTIL   a file: once it is there, nothing is hit any more
 *   FAULTS_ACTION  the name of an errno: the call fails with it and does
 *                  nothing; "short": a write writes half of what it should
 *                  (one octet of one is left out: it is as if interrupted),
 *                  a read reads one octet;
 *                  "late-ERRNO": the call is made, and fails with it all the
 *                  same, as an fsync does whose pages are lost; "lie": a sync
 *                  does nothing and says that all went well; "kill-before",
 *                  "kill-after": SIGKILL, before or after it; "kill-half": in
 *                  the middle of a write; "stop": SIGSTOP before it;
 *                  "wait": a second passes before it
 *   FAULTS_LOG     a file that gets a line for each call counted:
 *                  "NUMBER CALL NAME", with " HIT" at its end where it applies
 *
 * The calls: open (for writing), read-open, read, recv, recvmsg, write, pwrite,
 * writev, send, sendto, sendmsg, pipe and spawn (by libuv, for us), fsync,
 * fdatasync, syncfs, ftruncate, rename, link, unlink, mkdir, close (of files
 * opened for writing), and of libraries, where only kill-before, kill-after,
 * stop and wait apply: sqlite-commit, kafka-report (a delivery report is about
 * to be looked at), kafka-produce, kafka-begin, kafka-commit, kafka-abort,
 * kafka-init, kafka-listen, redis-command, redis-read.  The variants of a call
 * (pwrite64, renameat2) count under its name. */
#ifndef FAULTS_H
#define FAULTS_H

struct faults_call {
	const char *name; /* "write" */
	int error;	  /* errno to fail with instead of the call, or 0 */
	int late;	  /* ... but only after it was made */
	int lie;	  /* do nothing, and say that all went well */
	int half;	  /* write half of it */
	int kill_after;
};

/* A call is about to be made: of the file ${path} (below the directory ${fd},
 * where that is one), of the descriptor ${fd}, or of neither (NULL, -1). Counts
 * it, and says in ${call} what is to be done to it.  Does not return where the
 * process is to die before the call. */
void faults_before(
    struct faults_call *call, const char *name, int fd, const char *path);

/* Which descriptor of a program this pipe is for, or -1. */
int faults_program_pipe(const char *name);

/* The call returned ${rc}: dies if that was asked for.  Gives back what the
 * program is to see, with errno set. */
long faults_after(const struct faults_call *call, long rc);

#endif
