/** What is used of the `netlink` package: its main module would also load tables of WiFi and WireGuard, some megabytes. */
export { Flags, FlagsNew, Protocol } from 'netlink/dist/constants.js';
export { createNetlink, type NetlinkSocket } from 'netlink/dist/netlink.js';
export { AttrStream, type NetlinkMessage, parseAttributes } from 'netlink/dist/structs.js';
