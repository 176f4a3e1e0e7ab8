// A worker that solves a proof of work, in the format of ALTCHA 2: it looks for the number with which the hash
// of salt, nonce and number begins as asked. It costs a part of a second, and who wants many tokens
// as much for each. Written out, as crypto.subtle has a promise for each hash, which takes five times as
// long where we tried it, and is missing where the page came without TLS.

const ROUND = new Uint32Array(64);
const START = new Uint32Array(8);

// The first 32 bits of the fractional parts of the cube roots and square roots of the first primes.
for (let prime = 2, found = 0; found < 64; prime++) {
  let divisor = 2;
  while (divisor * divisor <= prime && prime % divisor) divisor++;
  if (divisor * divisor <= prime) continue;
  const bits = (root) => (root - Math.floor(root)) * 2 ** 32;
  if (found < 8) START[found] = bits(Math.sqrt(prime));
  ROUND[found++] = bits(Math.cbrt(prime));
}

const words = new Uint32Array(64);

/** Mixes one block of 16 big-endian words, which lie in `words`, into the state. */
function compress(state) {
  for (let i = 16; i < 64; i++) {
    const x = words[i - 15];
    const y = words[i - 2];
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    words[i] = words[i - 16] + s0 + words[i - 7] + s1;
  }
  let a = state[0];
  let b = state[1];
  let c = state[2];
  let d = state[3];
  let e = state[4];
  let f = state[5];
  let g = state[6];
  let h = state[7];
  for (let i = 0; i < 64; i++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const one = (h + s1 + ((e & f) ^ (~e & g)) + ROUND[i] + words[i]) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const two = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + one) | 0;
    d = c;
    c = b;
    b = a;
    a = (one + two) | 0;
  }
  state[0] += a;
  state[1] += b;
  state[2] += c;
  state[3] += d;
  state[4] += e;
  state[5] += f;
  state[6] += g;
  state[7] += h;
}

const state = new Uint32Array(8);

/** Leaves the SHA-256 of at most 55 bytes in `state`. */
function hash(bytes) {
  words.fill(0, 0, 16);
  for (let i = 0; i < bytes.length; i++) words[i >> 2] |= bytes[i] << (24 - 8 * (i & 3));
  words[bytes.length >> 2] |= 0x80 << (24 - 8 * (bytes.length & 3));
  words[15] = 8 * bytes.length;
  state.set(START);
  compress(state);
}

/** Replaces the hash in `state` by its own hash. */
function hashAgain() {
  words.set(state);
  words[8] = 0x80000000;
  words.fill(0, 9, 15);
  words[15] = 256;
  state.set(START);
  compress(state);
}

const bytesOf = (hex) => Uint8Array.from(hex.match(/../g) || [], (pair) => parseInt(pair, 16));
const hexOf = () => [...state].map((word) => word.toString(16).padStart(8, "0")).join("");

function solve({ salt, nonce, cost, keyLength, keyPrefix }) {
  const bytes = new Uint8Array([...bytesOf(salt), ...bytesOf(nonce), 0, 0, 0, 0]);
  const number = new DataView(bytes.buffer, bytes.length - 4);
  // The first word of the hash decides, but for longer prefixes.
  const digits = Math.min(8, keyPrefix.length);
  const shift = 32 - 4 * digits;
  const wanted = digits ? parseInt(keyPrefix.slice(0, digits), 16) : 0;
  for (let counter = 0; counter < 2 ** 32; counter++) {
    number.setUint32(0, counter);
    hash(bytes);
    for (let i = 1; i < cost; i++) hashAgain();
    if (digits && state[0] >>> shift !== wanted) continue;
    const derivedKey = hexOf().slice(0, 2 * keyLength);
    if (derivedKey.startsWith(keyPrefix)) return { counter, derivedKey };
  }
  return null;
}

onmessage = ({ data }) => postMessage(solve(data));
