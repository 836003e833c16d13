// Descriptors and the poll handle that says when they are readable. The loop is the environment's own.
#pragma once

#include <unistd.h>

#include "call.h"
#include "handles.h"

namespace resip {

struct Watch;

struct Descriptor : Resource {
  Descriptor(Kind kind, int fd) : Resource(kind), fd(fd) {}
  // The watch has to be stopped first.
  ~Descriptor() override { close(fd); }

  const int fd;
  Watch* watch = nullptr;
};

// It is a descriptor that can become readable, and not null.
bool isWatchable(const Resource* resource);

// Harmless where nobody watches. The poll handle closes on a later turn of the loop.
void stopWatch(Descriptor* descriptor);

// The callback comes once more on the next turn of the loop, whatever the descriptor says.
void wakeAgain(Descriptor* descriptor);

napi_value watch(napi_env env, napi_callback_info info);
napi_value unwatch(napi_env env, napi_callback_info info);

}  // namespace resip
