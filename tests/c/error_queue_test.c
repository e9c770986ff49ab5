/* SPDX-License-Identifier: Apache-2.0 */
/* WRAP zn_sys_recvmsg */
/*
 * A report of the error queue that is cut short, because the owner's own messages took the room:
 * nothing of it counts, and nothing of what lay in that place before.
 */
/* clang-format off */
#include <time.h>
#include <linux/errqueue.h>
/* clang-format on */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "support/balance.h"
#include "support/check.h"
#include "sys.h"
#include "zerocopy.h"

static size_t s_bytes; /* of the next report */
static int s_reports;

int64_t __wrap_zn_sys_recvmsg(int fd, struct msghdr *message, int flags);
int64_t __wrap_zn_sys_recvmsg(int fd, struct msghdr *message, int flags) {
  if (s_reports == 0) return -EAGAIN;
  s_reports--;
  struct sock_extended_err report = {.ee_origin = SO_EE_ORIGIN_ZEROCOPY};
  struct cmsghdr *header = message->msg_control;
  memcpy(CMSG_DATA(header), &report, sizeof report); /* all of it: what is cut is still there */
  header->cmsg_level = SOL_IP;
  header->cmsg_type = IP_RECVERR;
  header->cmsg_len = CMSG_LEN(s_bytes);
  message->msg_controllen = header->cmsg_len;
  return 0;
}

static uint64_t left_after(struct zn_zerocopy_watch *watch, int fd, size_t bytes) {
  s_bytes = bytes;
  s_reports = 1;
  return zn_zerocopy_left(watch, fd);
}

static void a_report_that_is_cut_short_counts_for_nothing(void **state) {
  struct pair pair = pair_open(PAIR_TCP4);
  struct zn_zerocopy_watch watch;
  assert_int_equal(zn_zerocopy_begin(&watch, pair.writer, true), 0);
  zn_zerocopy_book(&watch);
  for (size_t bytes = 0; bytes < sizeof(struct sock_extended_err); bytes++) {
    assert_int_equal(left_after(&watch, pair.writer, bytes), 1);
  }
  assert_int_equal(left_after(&watch, pair.writer, sizeof(struct sock_extended_err)), 0);
  zn_zerocopy_end(&watch);
  pair_close(&pair);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      BALANCED(a_report_that_is_cut_short_counts_for_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
