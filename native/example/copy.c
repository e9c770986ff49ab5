/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copies a file to a file, a pipe or a socket by the best path, and says on the standard error
 * which that was. With znio installed (cmake --install):
 *
 *   cc copy.c $(pkg-config --cflags --libs znio) -o copy && ./copy FILE > COPY
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <znio/znio.h>

/* A signal ends a transfer early: what is left is asked for again. */
static int64_t copy(const struct zn_end *source, const struct zn_end *target, int *path) {
  int64_t total = 0;
  for (;;) {
    struct zn_receipt receipt;
    int64_t moved = zn_transfer(source, target, INT64_MAX, NULL, &receipt);
    if (moved == -EINTR) continue;
    if (moved < 0) return moved;
    if (moved == 0) return total;
    total += moved;
    *path = receipt.path;
  }
}

int main(int count, char **arguments) {
  if (count != 2) {
    (void)fprintf(stderr, "usage: copy FILE > TARGET\n");
    return 2;
  }
  (void)signal(SIGPIPE, SIG_IGN); /* a peer that has gone is an error of the transfer */
  int fd = open(arguments[1], O_RDONLY | O_CLOEXEC);
  if (fd < 0) {
    perror(arguments[1]);
    return 1;
  }
  struct zn_end source, target;
  int error = zn_end_init(&source, fd);
  if (error == 0) error = zn_end_init(&target, STDOUT_FILENO);
  int path = ZN_PATH_AUTO;
  int64_t total = error < 0 ? error : copy(&source, &target, &path);
  (void)close(fd);
  if (total < 0) {
    (void)fprintf(stderr, "copy: %s\n", zn_error_text((int)total));
    return 1;
  }
  (void)fprintf(stderr, "%" PRId64 " bytes by %s\n", total, zn_path_name(path));
  return 0;
}
