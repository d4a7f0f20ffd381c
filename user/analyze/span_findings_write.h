/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The findings of a report: as text for people, and as a member of its JSON document.
 */
#ifndef ANALYZE_SPAN_FINDINGS_WRITE_H
#define ANALYZE_SPAN_FINDINGS_WRITE_H

#include <stdio.h>

#include "analyze/report.h"
#include "base/json_writer.h"

int span_findings_write_text(const struct report *report, FILE *out); /* 0 or -ENOMEM */
int span_findings_write_json(const struct report *report, struct json_writer *json);

#endif
