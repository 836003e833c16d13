// Preloaded into a process: a device below the UDP sockets that cannot segment (no checksum offload). Every send with
// UDP_SEGMENT fails with FAULT_ERRNO; the number of such sends is printed at the end.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

static int refused;

static int is_segmented(const struct msghdr *message) {
  for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR((struct msghdr *)message, c)) {
    if (c->cmsg_level == IPPROTO_UDP && c->cmsg_type == 103) return 1;
  }
  return 0;
}

static int refuse(void) {
  refused++;
  errno = atoi(getenv("FAULT_ERRNO"));
  return -1;
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
  ssize_t (*next)(int, const struct msghdr *, int) = dlsym(RTLD_NEXT, "sendmsg");
  return is_segmented(message) ? refuse() : next(fd, message, flags);
}

int sendmmsg(int fd, struct mmsghdr *messages, unsigned count, int flags) {
  int (*next)(int, struct mmsghdr *, unsigned, int) = dlsym(RTLD_NEXT, "sendmmsg");
  unsigned plain = 0;
  while (plain < count && !is_segmented(&messages[plain].msg_hdr)) plain++;
  return plain == 0 ? refuse() : next(fd, messages, plain, flags);
}

__attribute__((destructor)) static void report(void) { fprintf(stderr, "refused %d\n", refused); }
