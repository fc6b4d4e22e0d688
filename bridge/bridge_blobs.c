/* The bridge's part in the care for the blob store. */
#include "bridge/bridge_private.h"
#include "bridge/config/config.h"
#include "bridge/publish/pipeline.h"
#include "bridge/store/blob_keeper.h"

static void
collect(void *arg, struct blob_ids *ids)
{
	struct bridge *b = arg;
	size_t i;

	for (i = 0; i < b->config->nsinks; i++)
		if (b->pipelines[i] != NULL)
			pipeline_blobs(b->pipelines[i], ids);
}

int
bridge_keep_blobs(struct bridge *b, struct fault *f)
{
	if (b->config->blob_days == 0)
		return (0);
	b->blobs = blob_keeper_new(
	    &b->loop, b->config->state, b->config->blob_days, collect, b, f);
	return (b->blobs == NULL ? -1 : 0);
}
