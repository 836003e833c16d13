import { describe, expect, it } from 'vitest';
import {
  CloseReason,
  Command,
  commandOf,
  readAllowance,
  readCallBack,
  readClose,
  writeAllowance,
  writeCallBack,
  writeClose,
  writePadding,
} from '../../../src/proto/wire/commands.ts';
import { embedded, hex, truncations, written } from '../bytes.ts';

describe('commands', () => {
  it('are the low five bits of their first byte', () => {
    expect(commandOf(0xe0 | Command.CLOSE)).toBe(Command.CLOSE);
    expect(commandOf(0xff)).toBe(31);
  });

  it('padding is zeros', () => {
    expect(hex(written((b, at) => writePadding(b, at, 5)))).toBe('0000000000');
  });

  it('close carries its reason', () => {
    const whole = written((b, at) => writeClose(b, at, CloseReason.REVOKED));
    expect(hex(whole)).toBe('0902');
    const { bytes, offset, length } = embedded(whole);
    expect(readClose(bytes, offset, length)).toBe(CloseReason.REVOKED);
    for (const cut of truncations(whole)) expect(readClose(cut.bytes, cut.offset, cut.length)).toBe(-1);
  });

  it('call back carries path and seconds', () => {
    const whole = written((b, at) => writeCallBack(b, at, 3, 300));
    expect(hex(whole)).toBe('0c03012c');
    const { bytes, offset, length } = embedded(whole);
    expect(readCallBack(bytes, offset, length)).toEqual({ pathId: 3, seconds: 300 });
    for (const cut of truncations(whole)) expect(readCallBack(cut.bytes, cut.offset, cut.length)).toBeNull();
  });

  it('allowance carries path, number and bytes', () => {
    const allowance = { pathId: 7, number: 9, allowedBytes: 2 ** 40 + 1 };
    const whole = written((b, at) => writeAllowance(b, at, allowance));
    expect(hex(whole)).toBe('0d07000000090000010000000001');
    const { bytes, offset, length } = embedded(whole);
    expect(readAllowance(bytes, offset, length)).toEqual(allowance);
    for (const cut of truncations(whole)) expect(readAllowance(cut.bytes, cut.offset, cut.length)).toBeNull();
  });
});
