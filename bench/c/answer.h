/* SPDX-License-Identifier: Apache-2.0 */
/* Answer: the JSON objects a worker writes, one on a line. */
#ifndef BENCH_ANSWER_H
#define BENCH_ANSWER_H

#include <cjson/cJSON.h>

#include "fault.h"

/* Returns {"ok":true}. Add to it with cJSON_Add...ToObject; it ends with bench_answer_write. */
cJSON *bench_answer_new(void);

/* Writes an answer as a line and frees it. */
void bench_answer_write(cJSON *answer);

/* Writes {"ok":false,"skipped"|"failed":text}. */
void bench_answer_fault(const struct bench_fault *fault);

#endif
