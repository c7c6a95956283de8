/** Keys in S3's order, which is that of their UTF-8 bytes: docs.aws.amazon.com/AmazonS3/latest/userguide/ListingKeysUsingAPIs.html */

/** UTF-16 puts surrogate pairs before U+E000 … U+FFFF, UTF-8 behind them; everything else is alike. */
export function compare(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const x = a.charCodeAt(at);
    const y = b.charCodeAt(at);
    if (x === y) continue;
    const surrogates = (x & 0xf800) === 0xd800 ? 1 : 0;
    const others = (y & 0xf800) === 0xd800 ? 1 : 0;
    return surrogates === others ? x - y : surrogates - others;
  }
  return a.length - b.length;
}

/** The index of the first key that is not before `key`. */
export function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compare(keys[middle]!, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function insert(keys: string[], key: string): void {
  // Most writers write in order.
  if (keys.length === 0 || compare(keys[keys.length - 1]!, key) < 0) {
    keys.push(key);
    return;
  }
  const index = lowerBound(keys, key);
  if (keys[index] !== key) keys.splice(index, 0, key);
}

export function remove(keys: string[], key: string): void {
  const index = lowerBound(keys, key);
  if (keys[index] === key) keys.splice(index, 1);
}
