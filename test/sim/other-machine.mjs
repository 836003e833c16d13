/** Preloaded by a test: another day, another clock, another generator, for whoever asks the machine and not the world. */
const offsetMs = 12_345_678_901;
const now = Date.now.bind(Date);
const monotonic = performance.now.bind(performance);
Date.now = () => now() - offsetMs;
performance.now = () => monotonic() * 3 + offsetMs;
let last = 0.123;
Math.random = () => {
  last = (last * 997) % 1;
  return last;
};
