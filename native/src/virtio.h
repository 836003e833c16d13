// The header in front of every packet of a TUN device opened with IFF_VNET_HDR: the legacy virtio_net_hdr, in the
// byte order of the machine.
#pragma once

#include <cstdint>

// The header names a structure member `class`.
#define class class_
#include <linux/virtio_net.h>
#undef class

// Newer than some build machines' headers (Linux 6.2).
#ifndef VIRTIO_NET_HDR_GSO_UDP_L4
#define VIRTIO_NET_HDR_GSO_UDP_L4 5
#endif

namespace resip {

using VnetHeader = virtio_net_hdr;
static_assert(sizeof(VnetHeader) == 10, "the kernel's default TUNSETVNETHDRSZ");

}  // namespace resip
