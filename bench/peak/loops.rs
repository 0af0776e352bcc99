//! Two frozen loops that show what this machine's WebAssembly can do: the peak that the bench's shares are of.
//! build.sh beside this file compiles it twice, with strict and with relaxed SIMD; both results are kept, so that a figure
//! of today and one of next year are shares of the same thing. NOT: part of the package, nor of its kernel.
#![no_std]

use core::arch::wasm32::*;
use core::ptr::addr_of_mut;

/// c + a·b, four times: two roundings, or one where the relaxed build finds a fused instruction.
#[inline(always)]
fn multiply_add(a: v128, b: v128, c: v128) -> v128 {
    #[cfg(target_feature = "relaxed-simd")]
    return f32x4_relaxed_madd(a, b, c);
    #[cfg(not(target_feature = "relaxed-simd"))]
    return f32x4_add(f32x4_mul(a, b), c);
}

/// Independent chains: enough to hide the latency of an addition, few enough for the registers.
const CHAINS: usize = 12;

/// Registers alone, no memory: `turns` · CHAINS · 4 multiplications and as many additions.
#[unsafe(no_mangle)]
pub extern "C" fn registers(turns: usize) -> f32 {
    // A fixed point near 1: neither denormal nor infinite, however long it runs.
    let (scale, shift) = (f32x4_splat(0.999), f32x4_splat(0.001));
    let mut chains = [f32x4_splat(0.0); CHAINS];
    for (i, chain) in chains.iter_mut().enumerate() {
        *chain = f32x4_splat(1.0 + i as f32);
    }
    for _ in 0..turns {
        for chain in &mut chains {
            *chain = multiply_add(*chain, scale, shift);
        }
    }
    let mut sum = chains[0];
    for chain in &chains[1..] {
        sum = f32x4_add(sum, *chain);
    }
    f32x4_extract_lane::<0>(sum)
}

/// Rows of the tile: two accumulators each, beside two of the right factor and one broadcast.
#[cfg(target_feature = "relaxed-simd")]
const ROWS: usize = 6;
#[cfg(not(target_feature = "relaxed-simd"))]
const ROWS: usize = 4;
const COLUMNS: usize = 8;
const M: usize = 60;
const N: usize = 512;
const K: usize = 256;

static mut LEFT: [f32; M * K] = [0.0; M * K]; // [M / ROWS][K][ROWS]
static mut RIGHT: [f32; N * K] = [0.0; N * K]; // [N / 8][K][8]
static mut RESULT: [f32; M * N] = [0.0; M * N]; // [N / 8][M][8]

/// Gives the factors values, before the first `product`: in the file they would be half a megabyte.
#[unsafe(no_mangle)]
pub extern "C" fn fill() {
    // SAFETY: one thread, and nothing else holds them.
    unsafe {
        (*addr_of_mut!(LEFT)).fill(0.5);
        (*addr_of_mut!(RIGHT)).fill(0.25);
    }
}

/// Multiplications and additions of one `product`.
#[unsafe(no_mangle)]
pub extern "C" fn product_size() -> usize {
    2 * M * N * K
}

/// `times` a product of packed matrices [M, K]·[K, N], out of the caches as a training step's are.
#[unsafe(no_mangle)]
pub extern "C" fn product(times: usize) -> f32 {
    let (left, right) = (addr_of_mut!(LEFT) as *const f32, addr_of_mut!(RIGHT) as *const f32);
    let result = addr_of_mut!(RESULT) as *mut f32;
    for _ in 0..times {
        for panel in 0..N / COLUMNS {
            for block in 0..M / ROWS {
                let mut tile = [[f32x4_splat(0.0); 2]; ROWS];
                // SAFETY: panel, block and k stay below the sizes that the arrays were made for; one thread.
                unsafe {
                    let (mut a, mut b) = (left.add(block * K * ROWS), right.add(panel * K * COLUMNS));
                    for _ in 0..K {
                        let (b0, b1) = (v128_load(b.cast()), v128_load(b.add(4).cast()));
                        for (row, [c0, c1]) in tile.iter_mut().enumerate() {
                            let x = v128_load32_splat(a.add(row).cast());
                            *c0 = multiply_add(x, b0, *c0);
                            *c1 = multiply_add(x, b1, *c1);
                        }
                        a = a.add(ROWS);
                        b = b.add(COLUMNS);
                    }
                    let mut out = result.add((panel * M + block * ROWS) * COLUMNS);
                    for [c0, c1] in tile {
                        v128_store(out.cast(), c0);
                        v128_store(out.add(4).cast(), c1);
                        out = out.add(COLUMNS);
                    }
                }
            }
        }
    }
    // SAFETY: within RESULT.
    unsafe { *result.add(M * N - 1) }
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo) -> ! {
    core::arch::wasm32::unreachable()
}
