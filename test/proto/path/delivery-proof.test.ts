import { describe, expect, it } from 'vitest';
import { DeliveryProof } from '../../../src/proto/path/delivery-proof.ts';

describe('the proof of delivery', () => {
  it('is an answered probe, for all that left before it', () => {
    const proof = new DeliveryProof(0);
    expect(proof.fateOf(100, true)).toBe('open');
    expect(proof.fateOf(100, false)).toBe('lost');
    proof.handleProven(150, 200);
    expect(proof.fateOf(100, false)).toBe('arrived');
    expect(proof.fateOf(151, true)).toBe('open');
  });

  it('says nothing about what left before the path was there', () => {
    const proof = new DeliveryProof(1_000);
    proof.handleProven(1_100, 1_200);
    expect(proof.fateOf(999, true)).toBe('lost');
  });

  it('does not reach over a gap', () => {
    const proof = new DeliveryProof(0);
    proof.handleProven(100, 120);
    proof.beginGap();
    expect(proof.fateOf(150, true)).toBe('lost');
    proof.handleProven(500, 520);
    expect([100, 150, 510, 530].map((ms) => proof.fateOf(ms, true))).toEqual([
      'arrived',
      'lost',
      'lost',
      'open',
    ]);
    proof.handleProven(600, 620);
    expect(proof.fateOf(150, true)).toBe('lost');
    expect(proof.fateOf(530, true)).toBe('arrived');
  });

  it('takes two gaps without an answer between them for one', () => {
    const proof = new DeliveryProof(0);
    proof.handleProven(100, 120);
    proof.beginGap();
    proof.handleProven(Number.NEGATIVE_INFINITY, 300);
    proof.beginGap();
    proof.handleProven(500, 520);
    expect(proof.fateOf(150, true)).toBe('lost');
    expect(proof.gaps).toBe(2);
  });

  it('knows since when the path was silent', () => {
    const proof = new DeliveryProof(0);
    proof.handleProven(100, 120);
    proof.handleSilence(400, 2_000);
    proof.handleProven(1_990, 2_010);
    expect([300, 500, 1_995].map((ms) => proof.fateOf(ms, true))).toEqual(['arrived', 'lost', 'lost']);
  });

  it('is fresh only when it is younger than what it is asked for', () => {
    const proof = new DeliveryProof(0);
    proof.handleProven(100, 120);
    expect(proof.isProvenSince(100)).toBe(true);
    expect(proof.isProvenSince(101)).toBe(false);
    proof.beginGap();
    expect(proof.isProvenSince(100)).toBe(false);
  });
});
