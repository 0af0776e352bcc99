/** Some libraries greet and warn on the console when they are loaded, and when they draw weights that are replaced here. */
export async function quietly<T>(work: () => Promise<T>): Promise<T> {
  const kept = { log: console.log, warn: console.warn, info: console.info };
  Object.assign(console, { log() {}, warn() {}, info() {} });
  try {
    return await work();
  } finally {
    Object.assign(console, kept);
  }
}
