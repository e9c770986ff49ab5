/* SPDX-License-Identifier: Apache-2.0 */
#include "answer.h"

#include <stdio.h>
#include <stdlib.h>

cJSON *bench_answer_new(void) {
  cJSON *answer = cJSON_CreateObject();
  cJSON_AddBoolToObject(answer, "ok", true);
  return answer;
}

void bench_answer_write(cJSON *answer) {
  char *text = cJSON_PrintUnformatted(answer);
  if (text == NULL) abort();
  puts(text);
  if (fflush(stdout) != 0) exit(1); /* the driver is gone */
  free(text);
  cJSON_Delete(answer);
}

void bench_answer_fault(const struct bench_fault *fault) {
  cJSON *answer = cJSON_CreateObject();
  cJSON_AddBoolToObject(answer, "ok", false);
  cJSON_AddStringToObject(answer, fault->skipped ? "skipped" : "failed", fault->text);
  bench_answer_write(answer);
}
