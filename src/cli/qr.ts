/** A QR code in a terminal: two modules per character. */
import { renderUnicodeCompact } from 'uqr';

/** ISO/IEC 18004 wants four light modules around it; cameras do with two, and the code fits more windows. */
const BORDER_MODULES = 2;

/** Light on dark, as terminals mostly are. An invite takes about 45 columns. */
export function drawQr(text: string): string {
  return renderUnicodeCompact(text, { ecc: 'L', border: BORDER_MODULES });
}
