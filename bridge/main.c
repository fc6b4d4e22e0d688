#include <stdio.h>

int
main(void)
{
	fputs("mailbridge: nothing here yet\n", stderr);
	return (70);
}
