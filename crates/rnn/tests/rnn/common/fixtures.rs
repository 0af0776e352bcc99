//! Reads the fixtures made by PyTorch, built into the test so that wasm has them too.

use serde_json::Value;

/// Row-major numbers with their shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    pub shape: Vec<usize>,
    pub data: Vec<f64>,
}

/// The records of a fixture file.
pub fn records(text: &str) -> Vec<Value> {
    let mut file: Value = serde_json::from_str(text).expect("a fixture is JSON");
    match file["records"].take() {
        Value::Array(records) => records,
        other => panic!("records is {other}"),
    }
}

/// `{shape, data}`, or nothing for null or a missing field.
pub fn tensor(value: &Value) -> Option<Tensor> {
    if value.is_null() {
        return None;
    }
    let list = |key: &str| value[key].as_array().unwrap_or_else(|| panic!("no {key} in {value}"));
    let shape: Vec<usize> = list("shape").iter().map(size).collect();
    let data: Vec<f64> = list("data").iter().map(|x| x.as_f64().expect("a number")).collect();
    assert_eq!(data.len(), shape.iter().product::<usize>(), "elements of a tensor");
    Some(Tensor { shape, data })
}

pub fn size(value: &Value) -> usize {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no size")) as usize
}

/// Rounded to f32, as the kernel gets it.
pub fn narrow(x: &[f64]) -> Vec<f32> {
    x.iter().map(|&x| x as f32).collect()
}
