/* Messages that kill the converter.  Whatever is hashed goes through here, and
 * a message is hashed when its conversion begins; what happens then stands in
 * it. */
#include <dlfcn.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

int EVP_DigestUpdate(void *ctx, const void *data, size_t len);

static int
has(const void *data, size_t len, const char *mark)
{
	return (memmem(data, len, mark, strlen(mark)) != NULL);
}

int
EVP_DigestUpdate(void *ctx, const void *data, size_t len)
{
	int (*next)(void *, const void *, size_t);
	volatile int for_ever = 1;

	if (has(data, len, "X-Converter: crash")) {
		/* Past the sanitizer, which would report a real one. */
		(void)signal(SIGSEGV, SIG_DFL);
		(void)raise(SIGSEGV);
	}
	while (for_ever && has(data, len, "X-Converter: loop"))
		;
	while (for_ever && has(data, len, "X-Converter: sleep"))
		(void)pause();
	*(void **)&next = dlsym(RTLD_NEXT, "EVP_DigestUpdate");
	return (next(ctx, data, len));
}
