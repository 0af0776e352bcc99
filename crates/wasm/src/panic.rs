//! A panic's text reaches the worker before the trap does: without it there is only "unreachable".

use wasm_bindgen::prelude::wasm_bindgen;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = globalThis, js_name = __retrogradPanic)]
    fn panic_text(text: &str);
}

/// Runs when the module is instantiated, before anything can panic.
#[wasm_bindgen(start)]
fn start() {
    std::panic::set_hook(Box::new(|info| panic_text(&info.to_string())));
}
