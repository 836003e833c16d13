// The functions of `src/native/addon.ts`, and nothing else.
#include "aead.h"
#include "batch.h"
#include "environment.h"
#include "gso-calls.h"
#include "handshake.h"
#include "key-table.h"
#include "mask-calls.h"
#include "memory.h"
#include "packet-log.h"
#include "raw-socket.h"
#include "service.h"
#include "transparent-socket.h"
#include "tun.h"
#include "udp.h"
#include "watch.h"

namespace {

struct Export {
  const char* name;
  napi_callback function;
};

constexpr Export kExports[] = {
    {"registerBatch", resip::registerBatch},
    {"releaseBatch", resip::releaseBatch},
    {"registerPathTable", resip::registerPathTable},
    {"releasePathTable", resip::releasePathTable},
    {"tunOpen", resip::tunOpen},
    {"tunRead", resip::tunRead},
    {"tunWrite", resip::tunWrite},
    {"tunRefused", resip::tunRefused},
    {"tunClose", resip::tunClose},
    {"udpOpen", resip::udpOpen},
    {"udpDescriptor", resip::udpDescriptor},
    {"udpReceive", resip::udpReceive},
    {"udpSend", resip::udpSend},
    {"udpError", resip::udpError},
    {"udpClose", resip::udpClose},
    {"transparentDescriptor", resip::transparentDescriptor},
    {"packetLogOpen", resip::packetLogOpen},
    {"packetLogRead", resip::packetLogRead},
    {"packetLogClose", resip::packetLogClose},
    {"rawOpen", resip::rawOpen},
    {"rawSend", resip::rawSend},
    {"rawClose", resip::rawClose},
    {"maskCreate", resip::maskCreate},
    {"maskDestroy", resip::maskDestroy},
    {"unmask", resip::unmask},
    {"keyTableCreate", resip::keyTableCreate},
    {"keyTableDestroy", resip::keyTableDestroy},
    {"keyInstall", resip::keyInstall},
    {"keyRemove", resip::keyRemove},
    {"seal", resip::seal},
    {"open", resip::open},
    {"hasAes", resip::hasAes},
    {"gcmLibrary", resip::gcmLibrary},

    {"x25519", resip::x25519},
    {"x25519PublicKey", resip::x25519PublicKey},
    {"blake2b512", resip::blake2b512},
    {"watch", resip::watch},
    {"unwatch", resip::unwatch},
    {"releaseStartMemory", resip::releaseStartMemory},
    {"notifyService", resip::notifyService},
    {"execProgram", resip::execProgram},
    {"gsoSplit", resip::gsoSplit},
    {"gsoJoin", resip::gsoJoin},
};

}  // namespace

NAPI_MODULE_INIT() {
  resip::limitArenas();
  if (resip::Environment::attach(env) == nullptr) return nullptr;
  for (const Export& each : kExports) {
    napi_value function;
    napi_create_function(env, each.name, NAPI_AUTO_LENGTH, each.function, nullptr, &function);
    napi_set_named_property(env, exports, each.name, function);
  }
  return exports;
}
