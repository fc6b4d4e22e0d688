/* trust.h - certificate stores shared by all connections.
 *
 * A CA bundle of its own costs each TLS connection some 800 KB; one store for
 * all of them costs it once. */
#ifndef TRUST_H
#define TRUST_H

struct fault;
struct trust;

/* An empty set of stores, or NULL if memory is out. */
struct trust *trust_new(void);
void trust_free(struct trust *);

/* The store (an X509_STORE *, borrowed) for the CA file ${path}, or the
 * system's if NULL; read at the first call.  NULL with ${f} (FAULT_CONFIG). */
void *trust_store(struct trust *, const char *path, struct fault *f);

#endif
