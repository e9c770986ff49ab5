/* SPDX-License-Identifier: Apache-2.0 */
/* The command machine: what a fresh socket, pipe and file system have before anybody sets anything.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "answer.h"
#include "runner.h"

/* The file system's type, from the line of /proc/self/mountinfo with the file's device. */
static bool file_system(const char *path, char *type, size_t size) {
  struct stat status;
  if (stat(path, &status) != 0) return false;
  char device[32];
  snprintf(device, sizeof device, "%u:%u", major(status.st_dev), minor(status.st_dev));
  FILE *mounts = fopen("/proc/self/mountinfo", "re");
  if (mounts == NULL) return false;
  char *line = NULL;
  size_t room = 0;
  bool found = false;
  while (!found && getline(&line, &room, mounts) > 0) {
    char numbers[32] = "";
    char *separator = strstr(line, " - ");
    if (separator == NULL || sscanf(line, "%*d %*d %31s", numbers) != 1) continue;
    if (strcmp(numbers, device) != 0) continue;
    separator[3 + strcspn(separator + 3, " ")] = '\0';
    snprintf(type, size, "%s", separator + 3);
    found = true;
  }
  free(line);
  fclose(mounts);
  return found;
}

static void add_socket(cJSON *answer, int fd) {
  char congestion[16] = "";
  int send_bytes = 0;
  int receive_bytes = 0;
  socklen_t size = sizeof congestion;
  if (getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, congestion, &size) == 0) {
    congestion[sizeof congestion - 1] = '\0';
    cJSON_AddStringToObject(answer, "congestion", congestion);
  }
  size = sizeof send_bytes;
  if (getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_bytes, &size) == 0) {
    cJSON_AddNumberToObject(answer, "sndbuf", send_bytes);
  }
  size = sizeof receive_bytes;
  if (getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes, &size) == 0) {
    cJSON_AddNumberToObject(answer, "rcvbuf", receive_bytes);
  }
}

static int64_t read_number(const char *path) {
  FILE *file = fopen(path, "re");
  if (file == NULL) return -1;
  long long number;
  int got = fscanf(file, "%lld", &number);
  fclose(file);
  return got == 1 ? number : -1;
}

int runner_machine(struct runner *runner, const struct bench_words *words,
                   struct bench_fault *fault) {
  int64_t ipv;
  if (bench_words_number(words, "ipv", 4, &ipv, fault) != 0) return -1;
  int fd = socket(ipv == 6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return bench_fault_errno(fault, errno, "opening a TCP socket");
  struct utsname system;
  struct rlimit locked;
  cJSON *answer = bench_answer_new();
  if (uname(&system) == 0) cJSON_AddStringToObject(answer, "kernel", system.release);
  cJSON_AddNumberToObject(answer, "cores", (double)sysconf(_SC_NPROCESSORS_ONLN));
  add_socket(answer, fd);
  close(fd);
  if (getrlimit(RLIMIT_MEMLOCK, &locked) == 0 && locked.rlim_cur != RLIM_INFINITY) {
    cJSON_AddNumberToObject(answer, "memlock", (double)locked.rlim_cur);
  } else {
    cJSON_AddNullToObject(answer, "memlock");
  }
  cJSON_AddNumberToObject(answer, "pipe_max", (double)read_number("/proc/sys/fs/pipe-max-size"));
  const char *path = bench_words_get(words, "file");
  char type[32];
  if (path != NULL && file_system(path, type, sizeof type)) {
    cJSON_AddStringToObject(answer, "fs", type);
  } else {
    cJSON_AddNullToObject(answer, "fs");
  }
  bench_answer_write(answer);
  return 0;
}
