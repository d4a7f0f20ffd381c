/* SPDX-License-Identifier: BSD-2-Clause */
/* The same spans from another source file, which may be another object. */
#define begin_spans begin_spans_elsewhere
#include "traced_spans.h"
