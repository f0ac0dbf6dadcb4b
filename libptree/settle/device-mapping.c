// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Memory of a device: what is behind it is the device's, and a second user of it is what no driver expects. Found by the
 * mapping, whether the device is still open or not; /dev/zero is none, its shared mappings are shared memory.
 */
#include "device-mapping.h"

static const struct ptree_mapping *device_mapping(const struct ptree_file *f)
{
	for (size_t i = 0; i < f->nr_mappings; i++)
		if (f->mappings[i].info.is & PTREE_MAPPING_DEVICE)
			return &f->mappings[i];
	return NULL;
}

bool ptree_device_mapping_is(const struct ptree_file *f)
{
	return device_mapping(f);
}

int ptree_device_mapping_judge(struct ptree_op *op, struct ptree_file *f)
{
	const struct ptree_mapping *m = device_mapping(f);

	(void)op;
	if (f->policy == PTREE_POLICY_SHARE)
		return ptree_file_note(f, "one device's memory for both");
	return ptree_file_refuse(f, "memory of a device at %#llx, which cannot be duplicated; --share=devices lets both use it",
				 (unsigned long long)m->info.start);
}
