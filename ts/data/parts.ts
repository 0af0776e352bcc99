/** The tensors of a bundle, measured first and written when the bundle has been laid out: so each number is copied once. */
import { Bundle, type Bytes } from "./bundle.js";
import type { Spec } from "./container.js";

export interface Part {
  readonly spec: Spec & { readonly dtype: "F32" | "F64" | "I32" | "U8" | "U16" | "U32" };
  write(bundle: Bundle): void;
}

export function build(parts: readonly Part[], metadata: Readonly<Record<string, string>>): Bytes {
  const bundle = Bundle.allocate(
    parts.map((part) => part.spec),
    metadata,
  );
  for (const part of parts) part.write(bundle);
  return bundle.bytes;
}
