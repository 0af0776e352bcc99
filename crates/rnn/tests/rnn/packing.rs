//! Packed storage.

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

use rnn::Packing;

#[test]
fn sorts_by_length_and_keeps_the_order_of_equals() {
    let packing = Packing::new(&[3, 1, 5, 3]);
    assert_eq!((packing.batch, packing.steps, packing.rows), (4, 5, 12));
    assert_eq!(packing.order, [2, 0, 3, 1]);
    assert_eq!(packing.lengths, [5, 3, 3, 1]);
    assert_eq!(packing.sizes, [4, 3, 3, 1, 1]);
    assert_eq!(packing.offsets, [0, 4, 7, 10, 11, 12]);
    assert_eq!(packing.row(2, 1), 8);
}

#[test]
fn setting_anew_is_new_and_takes_no_memory() {
    let mut packing = Packing::new(&[9, 2, 4, 4, 7]);
    let before = (packing.order.as_ptr(), packing.sizes.as_ptr(), packing.offsets.as_ptr());
    packing.set(&[2, 5, 5]);
    assert_eq!(packing, Packing::new(&[2, 5, 5]));
    assert_eq!(before, (packing.order.as_ptr(), packing.sizes.as_ptr(), packing.offsets.as_ptr()));
}

#[test]
fn empty_batch() {
    let packing = Packing::new(&[]);
    assert_eq!((packing.batch, packing.steps, packing.rows, packing.offsets), (0, 0, 0, vec![0]));
}

#[cfg(not(target_arch = "wasm32"))]
#[test]
#[should_panic(expected = "a sequence of length 0")]
fn no_sequence_is_empty() {
    Packing::new(&[3, 0]);
}
