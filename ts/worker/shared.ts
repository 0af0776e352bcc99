/**
 * Whether threads can share memory here: a page can when it is cross-origin isolated, and its workers then too. By the tag: polyfills
 * give an ArrayBuffer that name.
 */
export function sharesMemory(): boolean {
  return (
    typeof SharedArrayBuffer !== "undefined" &&
    Object.prototype.toString.call(new SharedArrayBuffer(0)) === "[object SharedArrayBuffer]"
  );
}
