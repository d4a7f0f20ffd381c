/* SPDX-License-Identifier: BSD-2-Clause */
/* Another source file of the same object, in either language, with a target of its own. */
#undef ASYNCSPAN_TARGET
#define ASYNCSPAN_TARGET "second"
#include <asyncspan.h>

#ifdef __cplusplus
extern "C++" int use_macros_elsewhere(asyncspan_t *span);
#else
extern int use_macros_elsewhere(asyncspan_t *span);
#endif

int use_macros_elsewhere(asyncspan_t *span)
{
	ASYNCSPAN_SCOPE("elsewhere");

	ASYNCSPAN_BEGIN(span, "begun elsewhere");
	ASYNCSPAN_END(span);
	return asyncspan_id(span) == 0;
}
