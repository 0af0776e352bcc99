/** The worker's source and the kernel, which the build puts in place of these names. */
declare const __RETROGRAD_WORKER__: string;
declare const __RETROGRAD_WASM__: string;
declare const __RETROGRAD_RELAXED__: boolean;

/** worker/entry.ts with all it imports, as one script. */
export const workerSource: string = __RETROGRAD_WORKER__;
/** Deflated (RFC 1951), in base64. */
export const wasmBase64: string = __RETROGRAD_WASM__;
/** Whether the kernel is that of `retrograd/fast`. */
export const relaxed: boolean = __RETROGRAD_RELAXED__;
