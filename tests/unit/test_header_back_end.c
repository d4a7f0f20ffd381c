/* SPDX-License-Identifier: BSD-2-Clause */
/* All tests of the header's macros again, with a buffer behind the funnel in place of the probes. */
#define RECORDER_BUFFERS
#include "test_header.c" // NOLINT(bugprone-suspicious-include): the same tests
