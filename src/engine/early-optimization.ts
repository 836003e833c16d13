/**
 * V8 optimizes a function after it has run a certain amount of byte code, and sees to it that this is worth while for programs that
 * run for seconds. An engine runs for months, and at a hundred packets a second it would be in byte code for a minute: each wake-up
 * takes 80 µs longer then. A process with these thresholds takes a third of a second more of processor time at its start. To be
 * imported before the modules of the packet path.
 */
import { setFlagsFromString } from 'node:v8';

/** Bytes of byte code between two looks at a function; V8's own: 67,584. Three looks and one per 150 bytes of it, and it is optimized. */
const BYTES_BETWEEN_LOOKS = 4_000;

setFlagsFromString(`--interrupt-budget=${BYTES_BETWEEN_LOOKS}`);
