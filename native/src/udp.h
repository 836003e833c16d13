// A UDP socket: unconnected, non-blocking, don't-fragment set, with segmentation on both sides where the kernel has it.
#pragma once

#include <netinet/udp.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <cstdint>

#include "batch.h"
#include "socket-address.h"
#include "watch.h"

// Newer than some C libraries' headers.
#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

namespace resip {

struct Udp : Descriptor {
  static constexpr Kind kKind = Kind::udp;
  Udp(int fd, int family) : Descriptor(kKind, fd), family(family) {}

  // AF_INET or AF_INET6.
  const int family;
  bool gro = false;
  // Switched off for good when the device below cannot do it (no checksum offload: EIO).
  bool segmentation = false;
};

// Datagrams that wait for one system call: grouped by socket, each with its rows, address and control messages.
struct SendQueue {
  static constexpr uint32_t kMaxMessages = 256;
  static constexpr uint32_t kMaxVectors = 1024;
  // Linux took 64 segments before 6.9 and 128 after.
  static constexpr uint32_t kMaxSegments = 64;
  static constexpr size_t kMaxBytes = 65507;

  struct Message {
    Udp* socket;
    // Path row to account in, null where the datagram answers a train.
    int32_t* path;
    const int32_t* address;
    uint32_t firstRow;
    uint32_t rows;
    uint64_t bytes;
    uint32_t segmentBytes;
    uint32_t firstVector;
    uint32_t vectors;
    bool isSent;
    Endpoint endpoint;
    alignas(cmsghdr) uint8_t control[kLocalControlBytes + CMSG_SPACE(sizeof(uint16_t))];
    size_t controlBytes;
  };

  uint32_t messageCount = 0;
  uint32_t vectorCount = 0;
  Message messages[kMaxMessages];
  iovec vectors[kMaxVectors];
  // Arguments of one sendmmsg, and which message each stands for.
  mmsghdr headers[kMaxMessages];
  uint32_t order[kMaxMessages];
};

napi_value udpOpen(napi_env env, napi_callback_info info);
napi_value udpDescriptor(napi_env env, napi_callback_info info);
napi_value udpReceive(napi_env env, napi_callback_info info);
napi_value udpSend(napi_env env, napi_callback_info info);
napi_value udpError(napi_env env, napi_callback_info info);
napi_value udpClose(napi_env env, napi_callback_info info);

}  // namespace resip
