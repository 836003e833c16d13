/** Ports of the lab's hosts. */
export const HTTP_PORT = 80;
export const ECHO_PORT = 7;
export const TERMINAL_PORT = 22;
/** Where `sink.ts` counts a numbered flow. */
export const FLOW_PORT = 7007;
export const IPERF_PORT = 5201;
