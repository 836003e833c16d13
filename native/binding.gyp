{
  # OpenSSL (EVP) and libuv come from the Node binary itself: their headers ship with Node, nothing is linked.
  "targets": [
    {
      "target_name": "resip",
      "sources": [
        "src/addon.cc",
        "src/aead.cc",
        "src/batch.cc",
        "src/call.cc",
        "src/checksum.cc",
        "src/coalesce.cc",
        "src/context-pool.cc",
        "src/environment.cc",
        "src/errors.cc",
        "src/gcm-library.cc",
        "src/gso-calls.cc",
        "src/handshake.cc",
        "src/key-table.cc",
        "src/mask-calls.cc",
        "src/mask.cc",
        "src/memory.cc",
        "src/packet-cipher.cc",
        "src/packet-log.cc",
        "src/packet.cc",
        "src/raw-socket.cc",
        "src/received.cc",
        "src/rows.cc",
        "src/socket-address.cc",
        "src/service.cc",
        "src/split.cc",
        "src/transparent-socket.cc",
        "src/tun-device.cc",
        "src/tun-read.cc",
        "src/tun-write.cc",
        "src/udp-receive.cc",
        "src/udp-send.cc",
        "src/udp-socket.cc",
        "src/udp-transmit.cc",
        "src/watch.cc"
      ],
      "defines": ["NAPI_VERSION=8"],
      "cflags": ["-O3", "-Wall", "-Wextra", "-fvisibility=hidden"],
      "cflags_cc": ["-fno-exceptions", "-fno-rtti"],
      "conditions": [
        ["OS!='linux'", { "variables": { "unsupported": "<!(echo resip-vpn runs on Linux only >&2; exit 1)" } }]
      ]
    }
  ]
}
