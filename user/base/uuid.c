/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/uuid.h"

#include <errno.h>

#include <uuid/uuid.h>

int uuid_text_v5(const char *namespace_text, const void *name, size_t length,
		 char out[UUID_TEXT_SIZE])
{
	uuid_t name_space, uuid;

	uuid_clear(uuid);
	if (uuid_parse(namespace_text, name_space)) {
		uuid_unparse_lower(uuid, out);
		return -EINVAL;
	}
	uuid_generate_sha1(uuid, name_space, name, length);
	uuid_unparse_lower(uuid, out);
	return 0;
}

void uuid_text_random(char out[UUID_TEXT_SIZE])
{
	uuid_t uuid;

	uuid_generate_random(uuid);
	uuid_unparse_lower(uuid, out);
}
