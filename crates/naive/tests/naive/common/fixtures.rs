//! Reads the fixtures made by PyTorch: `test/fixtures/pytorch/*.json`.

use serde_json::Value;
use std::path::Path;

/// Row-major numbers with their shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    pub shape: Vec<usize>,
    pub data: Vec<f64>,
}

/// The records of `name`.json.
pub fn records(name: &str) -> Vec<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../test/fixtures/pytorch");
    let path = folder.join(format!("{name}.json"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut file: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    match file["records"].take() {
        Value::Array(records) => records,
        other => panic!("{}: records is {other}", path.display()),
    }
}

/// `{shape, data}`, or nothing for null or a missing field.
pub fn tensor(value: &Value) -> Option<Tensor> {
    if value.is_null() {
        return None;
    }
    let list = |key: &str| value[key].as_array().unwrap_or_else(|| panic!("no {key} in {value}"));
    let shape: Vec<usize> = list("shape").iter().map(|n| n.as_u64().expect("a size") as usize).collect();
    let data: Vec<f64> = list("data").iter().map(|x| x.as_f64().expect("a number")).collect();
    assert_eq!(data.len(), shape.iter().product::<usize>(), "elements of a tensor");
    Some(Tensor { shape, data })
}

/// A size in a record's config.
pub fn size(value: &Value) -> usize {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no size")) as usize
}
