/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a report. One report is written at a time: agent_report.c has the mutex. */
#ifndef ZN_AGENT_REPORT_H
#define ZN_AGENT_REPORT_H

#include <stdint.h>

#include "agent_json.h"

/* {"items", "bytes"} */
void agent_report_amount(struct agent_json *json, const char *name, int64_t items, int64_t bytes);

/* --- agent_report_time.c: "series", "gc" --- */
void agent_report_times(struct agent_json *json);

/* --- agent_report_life.c: "lifetimes", "ends", "not_recorded", "records" --- */

/* Decides which sites will be written, for records name them by their place in that list. */
void agent_report_lives(struct agent_json *json, uint32_t every);

/* --- agent_report_site.c: "not_sampled", "users", "sites" --- */

/* Reads what is known of all sites; those that wanted names will be written whatever their size.
 * every: how many small births a sample stands for.
 * Before agent_report_place and agent_report_sites. */
void agent_report_choose_sites(const uint32_t *wanted, int64_t count, uint32_t every);

/* The place in the list of sites; -1: it is not in it. */
int agent_report_place(uint32_t site);

void agent_report_sites(struct agent_json *json);

#endif
