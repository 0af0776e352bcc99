//! Words of messages. Debug formatting would do the same and bring some kilobytes of tables with it.

use crate::json::Value;

/// A name in quotation marks.
pub fn quoted(name: &str) -> String {
    ["\"", name, "\""].concat()
}

/// `[4, 3]`.
pub fn shape(sizes: &[usize]) -> String {
    let sizes: Vec<String> = sizes.iter().map(usize::to_string).collect();
    ["[", &sizes.join(", "), "]"].concat()
}

/// A number as JSON has it, and `NaN`, `Infinity`, `-Infinity`.
pub fn number(value: f64) -> String {
    match value {
        v if v.is_finite() => Value::from(v).to_string(),
        v if v.is_nan() => "NaN".into(),
        v if v > 0.0 => "Infinity".into(),
        _ => "-Infinity".into(),
    }
}
