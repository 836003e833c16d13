#include "packet-log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

namespace resip {

namespace {

// IP and TCP headers with all the options they can have.
constexpr uint32_t kHeadBytes = 128;
// One packet per message; its other attributes (mark, interfaces, device header) are short.
constexpr size_t kMessageBytes = 8192;
constexpr int kBufferBytes = 1 << 20;
// The kernel answers a request before the call that makes it returns.
constexpr timeval kAnswerTime = {5, 0};

template <typename T>
struct Attribute {
  nlattr header;
  T value;
};

// One NFULNL_MSG_CONFIG with one attribute, and the kernel's answer: 0 or an errno.
template <typename T>
int request(int fd, uint16_t group, uint16_t type, const T& value) {
  struct {
    nlmsghdr header;
    nfgenmsg general;
    Attribute<T> attribute;
    uint8_t padding[NLA_ALIGNTO];
  } message = {};
  const size_t attributeBytes = NLA_HDRLEN + sizeof value;
  message.header.nlmsg_len = NLMSG_LENGTH(sizeof(nfgenmsg)) + NLA_ALIGN(attributeBytes);
  message.header.nlmsg_type = NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_CONFIG;
  message.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  message.general.nfgen_family = AF_UNSPEC;
  message.general.version = NFNETLINK_V0;
  message.general.res_id = htons(group);
  message.attribute.header.nla_len = static_cast<uint16_t>(attributeBytes);
  message.attribute.header.nla_type = type;
  memcpy(&message.attribute.value, &value, sizeof value);
  if (send(fd, &message, message.header.nlmsg_len, 0) < 0) return errno;

  // Packets may come before the answer to a later request: whoever sent them sends them again.
  alignas(nlmsghdr) uint8_t answer[kMessageBytes];
  for (;;) {
    const ssize_t bytes = recv(fd, answer, sizeof answer, 0);
    if (bytes < 0) return errno;
    const auto* header = reinterpret_cast<const nlmsghdr*>(answer);
    if (static_cast<size_t>(bytes) < NLMSG_LENGTH(sizeof(nlmsgerr)) || header->nlmsg_type != NLMSG_ERROR) continue;
    return -static_cast<const nlmsgerr*>(NLMSG_DATA(header))->error;
  }
}

// Returns 0 or the errno of what failed.
int configure(int fd, uint16_t group) {
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &kAnswerTime, sizeof kAnswerTime);
  if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &kBufferBytes, sizeof kBufferBytes) != 0) return errno;
  // What finds no room is lost without a word, as on any network.
  const int quiet = 1;
  if (setsockopt(fd, SOL_NETLINK, NETLINK_NO_ENOBUFS, &quiet, sizeof quiet) != 0) return errno;
  sockaddr_nl address = {};
  address.nl_family = AF_NETLINK;
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return errno;

  nfulnl_msg_config_cmd bindGroup = {};
  bindGroup.command = NFULNL_CFG_CMD_BIND;
  int failed = request(fd, group, NFULA_CFG_CMD, bindGroup);
  nfulnl_msg_config_mode mode = {};
  mode.copy_range = htonl(kHeadBytes);
  mode.copy_mode = NFULNL_COPY_PACKET;
  if (failed == 0) failed = request(fd, group, NFULA_CFG_MODE, mode);
  // At once, and not a second later with others.
  if (failed == 0) failed = request(fd, group, NFULA_CFG_QTHRESH, htonl(1));
  if (failed != 0) return failed;
  return fcntl(fd, F_SETFL, O_NONBLOCK) == 0 ? 0 : errno;
}

// The packet in a message of the kernel; null when there is none in it.
const uint8_t* payload(const uint8_t* message, size_t bytes, size_t* length) {
  const auto* header = reinterpret_cast<const nlmsghdr*>(message);
  if (bytes < NLMSG_LENGTH(sizeof(nfgenmsg)) || header->nlmsg_len > bytes) return nullptr;
  if (header->nlmsg_type != (NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_PACKET)) return nullptr;
  size_t at = NLMSG_LENGTH(NLMSG_ALIGN(sizeof(nfgenmsg)));
  while (at + NLA_HDRLEN <= header->nlmsg_len) {
    nlattr attribute;
    memcpy(&attribute, message + at, sizeof attribute);
    if (attribute.nla_len < NLA_HDRLEN || at + attribute.nla_len > header->nlmsg_len) return nullptr;
    if ((attribute.nla_type & NLA_TYPE_MASK) == NFULA_PAYLOAD) {
      *length = attribute.nla_len - NLA_HDRLEN;
      return message + at + NLA_HDRLEN;
    }
    at += NLA_ALIGN(attribute.nla_len);
  }
  return nullptr;
}

}  // namespace

// packetLogOpen(group): handle
napi_value packetLogOpen(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const auto group = static_cast<uint16_t>(call.integer(0, "group", 0, UINT16_MAX));
  if (!call.ok()) return nullptr;
  const int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
  if (fd < 0) return throwSystem(env, "socket", errno);
  auto log = std::make_unique<PacketLog>(fd);
  const int failed = configure(fd, group);
  if (failed != 0) return throwSystem(env, "nfnetlink_log", failed);
  return call.give(std::move(log));
}

// packetLogRead(log, out): bytes, 0 = none now
napi_value packetLogRead(napi_env env, napi_callback_info info) {
  Call call(env, info);
  const PacketLog* log = call.resource<PacketLog>(0, "log");
  const Bytes out = call.bytes(1, "out");
  if (!call.ok()) return nullptr;
  alignas(nlmsghdr) uint8_t message[kMessageBytes];
  for (;;) {
    const ssize_t bytes = recv(log->fd, message, sizeof message, 0);
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes < 0 && (errno == EAGAIN || errno == ENOBUFS)) return number(env, 0);
    if (bytes < 0) return throwSystem(env, "recv", errno);
    size_t length = 0;
    const uint8_t* packet = payload(message, static_cast<size_t>(bytes), &length);
    if (packet == nullptr || length == 0) continue;
    length = std::min(length, out.length);
    memcpy(out.data, packet, length);
    return number(env, static_cast<double>(length));
  }
}

napi_value packetLogClose(napi_env env, napi_callback_info info) {
  Call call(env, info);
  PacketLog* log = call.resource<PacketLog>(0, "log");
  if (!call.ok()) return nullptr;
  stopWatch(log);
  call.remove<PacketLog>(0, "log");
  return nullptr;
}

}  // namespace resip
