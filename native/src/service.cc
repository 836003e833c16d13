#include "service.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <vector>

#include "call.h"

namespace resip {

namespace {

constexpr size_t kMaxMessageBytes = 4096;
constexpr uint32_t kMaxWords = 1024;
constexpr size_t kMaxWordBytes = 128 << 10;  // MAX_ARG_STRLEN

// Up to `maxBytes` of UTF-8 in `*out`; false when it is no string or longer.
bool text(napi_env env, napi_value value, size_t maxBytes, std::string* out) {
  size_t bytes = 0;
  if (napi_get_value_string_utf8(env, value, nullptr, 0, &bytes) != napi_ok || bytes > maxBytes) return false;
  out->resize(bytes + 1);
  napi_get_value_string_utf8(env, value, &(*out)[0], bytes + 1, &bytes);
  out->resize(bytes);
  return out->find('\0') == std::string::npos;
}

}  // namespace

// notifyService(address, message): address is a path, or a name in the abstract space behind an @ (sd_notify(3)).
napi_value notifyService(napi_env env, napi_callback_info info) {
  Call call(env, info);
  std::string address, message;
  sockaddr_un to = {};
  if (!text(env, call.value(0), sizeof to.sun_path - 1, &address) || address.size() < 2) {
    return throwType(env, "address: expected a path, or a name behind an @");
  }
  if (!text(env, call.value(1), kMaxMessageBytes, &message)) return throwType(env, "message: expected a short text");
  to.sun_family = AF_UNIX;
  memcpy(to.sun_path, address.data(), address.size());
  const bool isAbstract = address[0] == '@';
  if (isAbstract) to.sun_path[0] = '\0';
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size() + (isAbstract ? 0 : 1));

  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return throwSystem(env, "socket", errno);
  const ssize_t sent = sendto(fd, message.data(), message.size(), MSG_NOSIGNAL, reinterpret_cast<sockaddr*>(&to), size);
  const int error = errno;
  close(fd);
  return sent < 0 ? throwSystem(env, "sendto", error, address.c_str()) : nullptr;
}

// execProgram(words): looks the first one up in PATH; returns only by throwing.
napi_value execProgram(napi_env env, napi_callback_info info) {
  Call call(env, info);
  uint32_t count = 0;
  if (napi_get_array_length(env, call.value(0), &count) != napi_ok || count == 0 || count > kMaxWords) {
    return throwType(env, "words: expected a list of texts");
  }
  std::vector<std::string> words(count);
  std::vector<char*> pointers;
  for (uint32_t i = 0; i < count; i++) {
    napi_value word;
    if (napi_get_element(env, call.value(0), i, &word) != napi_ok || !text(env, word, kMaxWordBytes, &words[i])) {
      return throwType(env, "words: expected a list of texts");
    }
  }
  for (std::string& word : words) pointers.push_back(&word[0]);
  pointers.push_back(nullptr);
  // Node.js has these closed when another program takes over.
  for (int fd = 0; fd <= 2; fd++) fcntl(fd, F_SETFD, 0);
  execvp(pointers[0], pointers.data());
  return throwSystem(env, "execvp", errno, pointers[0]);
}

}  // namespace resip
