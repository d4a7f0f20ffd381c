/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Part of report_read(): sorts the groups by what the options say, of equal ones by key.
 */
#ifndef ANALYZE_REPORT_ORDER_H
#define ANALYZE_REPORT_ORDER_H

#include "analyze/report.h"

int report_order(struct report *report); /* 0 or -ENOMEM */

#endif
