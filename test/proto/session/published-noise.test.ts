/** The published vector of our very pattern and hash, with primitives by libsodium; `native` runs it with the addon's. */
import { loadPrimitives } from '../../../src/crypto/sodium.ts';
import { publishedNoise } from './published-noise.ts';

publishedNoise('libsodium', await loadPrimitives());
