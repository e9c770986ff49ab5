/* SPDX-License-Identifier: Apache-2.0 */
/* report_page.html, as the build put it into the library: AGENT_PAGE_FILE is its path. */
#include <string.h>

#include "agent.h"

__asm__(
    ".pushsection .rodata\n"
    ".hidden agent_page_text\n"
    ".global agent_page_text\n"
    "agent_page_text:\n"
    ".incbin \"" AGENT_PAGE_FILE
    "\"\n"
    ".byte 0\n"
    ".popsection\n");

extern const char agent_page_text[];

/* Where the data goes. */
#define SLOT "{{dump}}"

const char *agent_page_head(size_t *size) {
  const char *slot = strstr(agent_page_text, SLOT);
  *size = slot == NULL ? 0 : (size_t)(slot - agent_page_text);
  return agent_page_text;
}

const char *agent_page_tail(size_t *size) {
  size_t head;
  (void)agent_page_head(&head);
  const char *tail = agent_page_text + head + sizeof SLOT - 1;
  *size = strlen(tail);
  return tail;
}
