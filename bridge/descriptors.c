#include <dirent.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <stdlib.h>
#include <unistd.h>

#include "bridge/descriptors.h"

void
descriptors_keep_private(void)
{
	struct dirent *entry;
	DIR *dir;
	int fd;

	if (close_range(3, ~0U, CLOSE_RANGE_CLOEXEC) == 0)
		return;
	/* A kernel before 5.11. */
	if ((dir = opendir("/proc/self/fd")) == NULL)
		return;
	while ((entry = readdir(dir)) != NULL) {
		fd = (int)strtol(entry->d_name, NULL, 10);
		if (fd >= 3)
			(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
	}
	(void)closedir(dir);
}
