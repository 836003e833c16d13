import type { CommandModule } from 'yargs';
import { UserError } from '../errors.ts';

/** A key is 44 characters; more than a page of input is a mistake. */
const MAX_INPUT_BYTES = 4_096;

import { withExamples } from './options.ts';

export const pubkeyCommand: CommandModule = {
  command: 'pubkey',
  describe: 'Read a private key, print its public key',
  builder: (parser) =>
    withExamples(parser.strict(), [['genkey | resip-vpn pubkey', 'The public key of a new private key']]),
  handler: async () => {
    const { loadPrimitives } = await import('../crypto/sodium.ts');
    const privateKey = parseKey(await readInput());
    const primitives = await loadPrimitives();
    process.stdout.write(`${Buffer.from(primitives.x25519PublicKey(privateKey)).toString('base64')}\n`);
  },
};

async function readInput(): Promise<string> {
  let text = '';
  for await (const chunk of process.stdin.setEncoding('utf8')) {
    text += chunk;
    if (text.length > MAX_INPUT_BYTES) break;
  }
  return text.trim();
}

/** The text is not repeated: it may be a key with one wrong character. */
function parseKey(text: string): Uint8Array {
  const key = Buffer.from(text, 'base64');
  if (key.length === 32 && key.toString('base64') === text) return key;
  throw new UserError('the input is no private key', {
    cause: 'a private key is 32 bytes in base64, 44 characters',
    fix: 'resip-vpn pubkey < private.key',
  });
}
