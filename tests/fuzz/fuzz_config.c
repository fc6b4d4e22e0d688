/* Any bytes as a config file: a config or a fault that names the file, no crash
 * and no leak.  The file has no include, so nothing else is read. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bridge/config/config.h"
#include "bridge/fault.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fault f = { 0 };
	struct config *cfg;
	char path[32];
	int fd;

	if (size > 4096 || memmem(data, size, "include", 7) != NULL)
		return (0);
	if ((fd = memfd_create("config", MFD_CLOEXEC)) == -1 ||
	    write(fd, data, size) != (ssize_t)size)
		abort();
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	cfg = config_load(path, &f);
	if ((cfg == NULL) != (f.kind == FAULT_CONFIG))
		abort();
	if (cfg == NULL && strncmp(f.text, path, strlen(path)) != 0)
		abort();
	config_free(cfg);
	close(fd);
	return (0);
}
