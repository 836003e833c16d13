import { describe, expect, it } from 'vitest';
import { formatRule, parseRule } from '../../../src/proto/policy/rule-text.ts';

describe('the text of a rule', () => {
  it.each([
    ['udp:5000-5100=redundant', { protocol: 17, ports: { from: 5000, to: 5100 }, policy: 'redundant' }],
    ['tcp:22=failover', { protocol: 6, ports: { from: 22, to: 22 }, policy: 'failover' }],
    ['port:53=redundant', { ports: { from: 53, to: 53 } }],
    ['icmp=redundant', { protocol: 1, ports: null }],
    ['proto:47=bond-flows', { protocol: 47, policy: 'bond-flows' }],
    ['dscp:ef=redundant', { dscp: 46 }],
    ['dscp:af41,size:0-300=auto', { dscp: 34, size: { from: 0, to: 300 } }],
    ['any=bond', { protocol: null, ports: null, dscp: null, size: null }],
  ])('%s says what it means, and is written as it is read', (text, expected) => {
    const rule = parseRule(text);
    expect(rule).toMatchObject(expected);
    expect(typeof rule === 'string' ? rule : formatRule(rule)).toBe(text);
  });

  it('takes numbers for names, blanks and capitals', () => {
    expect(parseRule('DSCP:46 , UDP = redundant')).toMatchObject({ dscp: 46, protocol: 17 });
    expect(parseRule('proto:58=bond')).toEqual(parseRule('icmp=bond'));
  });

  it.each([
    ['udp:5000', 'it has no policy'],
    ['udp=fast', 'there is no policy "fast"; there are redundant, failover, bond, bond-flows, auto'],
    ['udp:99999=bond', '"udp:99999" is no port'],
    ['udp:20-10=bond', 'is no port'],
    ['udp:1-2-3=bond', 'is no port'],
    ['icmp:8=bond', 'ICMP has no ports'],
    ['dscp:64=bond', 'is no DSCP'],
    ['dscp=bond', 'is no DSCP'],
    ['proto:256=bond', 'is no protocol number'],
    ['size:big=bond', 'is no size'],
    ['port=bond', 'names no port'],
    ['upd:53=bond', '"upd:53" matches nothing'],
    ['tcp,udp=bond', '"udp" says protocol a second time'],
    ['any:1=bond', 'any stands alone'],
    ['=bond', 'matches nothing'],
  ])('%s is refused with a reason', (text, reason) => {
    expect(parseRule(text)).toContain(reason);
  });
});
