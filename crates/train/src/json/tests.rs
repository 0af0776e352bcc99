//! Against serde_json and the standard library, which are right and large.

use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn parse(text: &str) -> f64 {
    from_str(text).ok().and_then(|v| v.as_f64()).unwrap_or_else(|| panic!("{text} is a number"))
}

#[test]
fn numbers_are_those_of_the_standard_library() {
    let texts = [
        "0",
        "-0",
        "1",
        "-3",
        "0.1",
        "0.30000000000000004",
        "1e0",
        "1E+2",
        "1e-2",
        "123456789012345678901234567890",
        "9007199254740991",
        "9007199254740992",
        "9007199254740993",
        "9007199254740995",
        "5e-324",
        "2e-324",
        "3e-324",
        "2.5e-324",
        "2.4703282292062327208e-324",
        "2.4703282292062328e-324",
        "2.2250738585072014e-308",
        "2.2250738585072011e-308",
        "2.225073858507201136057409796709131975934819546351645648023426109724822222021076945516529523908135087914149158913039621106870086438694594645527657207407820621743379988141063267329253552286881372149012981122451451889849057222307285255133155755015914397476397983411801999323962548289017107081850690630666655994938275772572015763062690663332647565300009245888316433037779791869612049497390377829704905051080609940730262937128958950003583799967207254304360284078895771796150945516748243471030702609144621572289880258182545180325707018860872113128079512233426288368622321503775666622503982534335974568884423900265498198385487948292206894721689831099698365846814022854243330660339850886445804001034933970427567186443383770486037861622771738545623065874679014086723327636718751234567890123456789012345678901e-308",
        "1.7976931348623157e308",
        "1.7976931348623158e308",
        "1.7976931348623159e308",
        "1e309",
        "-1e400",
        "1e-400",
        "0e99999999999999999999",
        "1e-99999999999999999999",
        "3.7693788258408922",
        "8.5e-7",
        "4.35",
        "1e23",
        "8.41e21",
        "9.5e21",
        "0.000001",
        "1e-7",
        "72057594037927945",
        "36028797018963969.5",
    ];
    for text in texts {
        let expected: f64 = text.parse().expect("a number");
        assert_eq!(parse(text).to_bits(), expected.to_bits(), "{text}");
    }
    let long = format!("0.{}1", "0".repeat(900));
    assert_eq!(parse(&long), 0.0);
    // A tie that a digit far behind decides.
    let tie = format!("9007199254740993{}", ".".to_owned() + &"0".repeat(1000));
    assert_eq!(parse(&tie), 9_007_199_254_740_992.0);
    assert_eq!(parse(&(tie + "1")), 9_007_199_254_740_994.0);
}

#[test]
fn numbers_of_any_bits_read_back_to_the_same() {
    let mut bits = 0x9e37_79b9_7f4a_7c15u64;
    for _ in 0..4000 {
        bits ^= bits << 13;
        bits ^= bits >> 7;
        bits ^= bits << 17;
        let x = f64::from_bits(bits);
        if x.is_finite() {
            assert_eq!(parse(&Value::Number(x).to_string()).to_bits(), bits, "{x:e}");
            assert_eq!(parse(&format!("{x:e}")).to_bits(), bits, "{x:e}");
            // Digits that are no f64's own.
            let text = format!("{}.{}e{}", bits % 10, bits >> 7, (bits % 640) as i64 - 330);
            assert_eq!(parse(&text).to_bits(), text.parse::<f64>().expect("a number").to_bits(), "{text}");
        }
    }
    assert_eq!(Value::Number(f64::NAN).to_string(), "null");
}

#[test]
fn numbers_are_written_as_javascript_writes_them() {
    for (x, text) in [
        (0.0, "0"),
        (-0.0, "-0"),
        (1.0, "1"),
        (-7.5, "-7.5"),
        (0.1, "0.1"),
        (0.1 + 0.2, "0.30000000000000004"),
        (1e-8, "1e-8"),
        (1.5e-7, "1.5e-7"),
        (1e-6, "0.000001"),
        (0.00123, "0.00123"),
        (123.456, "123.456"),
        (9007199254740991.0, "9007199254740991"),
        (1e20, "100000000000000000000"),
        (1.5e20, "150000000000000000000"),
        (1e21, "1e+21"),
        (-1.25e300, "-1.25e+300"),
        (f64::MAX, "1.7976931348623157e+308"),
        (f64::MIN_POSITIVE, "2.2250738585072014e-308"),
        (5e-324, "5e-324"),
        (9.5, "9.5"),
        (99.99999999999999, "99.99999999999999"),
        (0.999999999999999, "0.999999999999999"),
    ] {
        assert_eq!(Value::Number(x).to_string(), text);
    }
    // The fewest digits, as std has them.
    let mut dice = 1u64;
    for _ in 0..2000 {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let x = (dice >> 11) as f64 / (1u64 << (dice & 31)) as f64;
        assert_eq!(Value::Number(x).to_string(), x.to_string());
    }
}

#[test]
fn what_serde_json_takes_is_taken_and_means_the_same() {
    let deep = |n: usize| "[".repeat(n) + &"]".repeat(n);
    let cases = [
        "null",
        " true ",
        "[ ]",
        "{ }",
        "[1, [2.5], {\"a\": null}]",
        r#"{"b":1,"a":{"c":[true,false]}}"#,
        "\"\"",
        r#""\"\\\/\b\f\n\r\t""#,
        r#""\u00e9\ud83d\ude42é🙂""#,
        "\t\n\r [1\n]",
        "1.5e3",
        "-0.25",
        &deep(100),
        // And what is not JSON.
        "",
        "nul",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{a:1}",
        "{1:1}",
        "'a'",
        "\"a",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\ud800\"",
        "\"\\ud800\\u0041\"",
        "\"\\udc00\"",
        "\"\u{1}\"",
        "\"\n\"",
        "01",
        "1.",
        ".5",
        "+1",
        "-",
        "1e",
        "1e+",
        "0x1",
        "NaN",
        "Infinity",
        "1 1",
        "[1]]",
        "[",
        "{",
        "]",
        "true false",
        "\u{feff}1",
        &deep(200),
    ];
    for text in cases {
        let theirs: Option<serde_json::Value> = serde_json::from_str(text).ok();
        let ours = from_str(text);
        assert_eq!(ours.is_ok(), theirs.is_some(), "{text}: {ours:?}");
        if let (Ok(ours), Some(theirs)) = (ours, theirs) {
            let again: serde_json::Value = serde_json::from_str(&ours.to_string()).expect("what is written is JSON");
            let number = |v: &serde_json::Value| v.as_f64();
            assert!(again == theirs || number(&again) == number(&theirs), "{text}: {again} {theirs}");
        }
    }
    assert_eq!(from_str("[1, x]"), Err(Unreadable(4)));
    assert_eq!(from_slice(b"[\"\xff\"]"), Err(Unreadable(2)));
    assert_eq!(from_str("[1, x]").expect_err("wrong").to_string(), "not JSON at byte 4");
}

#[test]
fn values_are_built_looked_up_and_kept_in_order() {
    let mut value = json!({ "b": 1, "a": [Some(2.5), None], "text": "x\u{1}\"", "inner": json!({ "yes": true }) });
    assert_eq!(value.to_string(), r#"{"b":1,"a":[2.5,null],"text":"x\u0001\"","inner":{"yes":true}}"#);
    assert_eq!(from_str(&value.to_string()), Ok(value.clone()));
    assert_eq!((value["b"].as_u64(), value["a"][0].as_u64(), value["a"][0].as_f64()), (Some(1), None, Some(2.5)));
    assert!(value["inner"]["yes"] == true && value["none"]["none"][3].is_null());
    value["inner"]["no"] = json!(false);
    value["a"][1] = json!("second");
    value["new"]["made"] = json!(7u8);
    value["b"] = Value::Null;
    assert_eq!(
        value.to_string(),
        r#"{"b":null,"a":[2.5,"second"],"text":"x\u0001\"","inner":{"yes":true,"no":false},"new":{"made":7}}"#
    );
    assert_eq!(json!({ "a": 1, "b": 2 }), json!({ "b": 2, "a": 1 }));
    assert_ne!(json!({ "a": 1 }), json!({ "a": 1, "b": 2 }));
    value["new"]["made"] = Value::Null;
    value.drop_nulls();
    let fields = value.as_object().expect("an object");
    assert_eq!(fields.keys().collect::<Vec<_>>(), ["a", "text", "inner", "new"]);
    assert!(value["new"].as_object().is_some_and(Map::is_empty));
    assert!(value["a"][1] == "second" && json!(-1).as_u64().is_none() && json!(0.5).as_u64().is_none());
}
