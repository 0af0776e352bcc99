//! A model's description as the rest of the house reads it: a typed view of JSON that has been checked and filled in. It is
//! not changed in place: what changes is the JSON, which is then read again.

use super::loss;
use super::rows::model::MODEL;
use super::rules::model::{self as rules, Aim};
use super::rules::{integer, word};
use super::walk;
use super::words::words;
use crate::error::Error;
use crate::json::Value;
pub use rnn::Loss;
use rnn::{At, Init, Initialiser};

#[derive(Clone, Debug, PartialEq)]
pub struct ModelDescription {
    pub input: Input,
    pub output: Output,
    pub loss: Loss,
    pub init: Init,
    /// Of the weights' start.
    pub seed: u64,
    pub(super) json: Value,
}

/// What a step reads.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    Values { size: usize, scale: Scale },
    Tokens(Vocabulary),
    Series(Series),
}

#[derive(Clone, Debug, PartialEq)]
pub enum Vocabulary {
    Size(usize),
    /// Those of the first fit's text: open until then.
    Characters,
    List(Vec<String>),
}

words! {
    /// How columns are scaled.
    Scale {
        None = "none",
        /// Mean 0, deviation 1.
        Standard = "standard",
        /// Minimum 0, maximum 1.
        MinMax = "minMax",
    }
}
words! {
    /// What is derived from the time of a row.
    Calendar {
        Hour = "hour",
        DayOfWeek = "dayOfWeek",
        DayOfYear = "dayOfYear",
        Month = "month",
    }
}
words! {
    Mode {
        /// The whole horizon at once.
        Direct = "direct",
        /// One row, fed back.
        Recursive = "recursive",
    }
}
words! {
    /// Of the targets, before anything else.
    Transform {
        None = "none",
        Log = "log",
    }
}
/// A table over time.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    pub target: Vec<String>,
    /// Seen up to now.
    pub past: Vec<String>,
    /// Known over the horizon too.
    pub known: Vec<String>,
    pub time: Option<String>,
    pub calendar: Vec<Calendar>,
    pub window: usize,
    pub horizon: usize,
    pub mode: Mode,
    pub transform: Transform,
    /// Rows between the two values whose difference is learnt; 0: none.
    pub difference: usize,
    pub scale: Scale,
}

/// What is predicted, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    pub at: At,
    pub target: Target,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    Values {
        size: usize,
        scale: Scale,
    },
    Classes(Classes),
    /// `size`: rows predicted at once × targets.
    Series {
        size: usize,
    },
    /// The next token of the input, at every step.
    NextToken,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Classes {
    Count(usize),
    Labels(Vec<String>),
}

impl ModelDescription {
    /// Reads a caller's JSON: checks it, fills in defaults and sizes.
    ///
    /// # Errors
    /// `ConfigError` with the path of the option.
    pub fn from_json(json: &str) -> Result<ModelDescription, Error> {
        let mut json = walk::read(&MODEL, json)?;
        rules::finish(&mut json)?;
        json.drop_nulls();
        Ok(ModelDescription {
            input: input(&json["input"]),
            output: output(&json),
            loss: loss::loss(&loss::settings(&json["loss"])?),
            init: init(&json["init"]),
            seed: json["seed"].as_u64().unwrap_or_default(),
            json,
        })
    }

    /// As saved: with defaults and sizes filled in.
    pub fn to_json(&self) -> String {
        self.json.to_string()
    }

    /// Whether the vocabulary is still to come, and with it the size of the network.
    pub fn is_open(&self) -> bool {
        self.input == Input::Tokens(Vocabulary::Characters)
    }

    /// Tokens in the vocabulary; none for other inputs and while it is open.
    pub fn vocabulary_size(&self) -> Option<usize> {
        rules::count(&self.json["input"]["vocabulary"])
    }

    /// Numbers in a prediction (classes: one for each); none only while the vocabulary is open.
    pub fn output_size(&self) -> Option<usize> {
        rules::output_size(&self.json)
    }
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().map(|t| word(t).into()).collect()
}

fn input(input: &Value) -> Input {
    if !input["series"].is_null() {
        return Input::Series(series(&input["series"]));
    }
    match &input["vocabulary"] {
        Value::Null => Input::Values { size: size(&input["size"]), scale: Scale::of(&input["scale"]) },
        Value::String(_) => Input::Tokens(Vocabulary::Characters),
        list @ Value::Array(_) => Input::Tokens(Vocabulary::List(texts(list))),
        number => Input::Tokens(Vocabulary::Size(size(number))),
    }
}

fn series(series: &Value) -> Series {
    Series {
        target: texts(&series["target"]),
        past: texts(&series["past"]),
        known: texts(&series["known"]),
        time: series["time"].as_str().map(String::from),
        calendar: series["calendar"].as_array().into_iter().flatten().map(Calendar::of).collect(),
        window: size(&series["window"]),
        horizon: size(&series["horizon"]),
        mode: Mode::of(&series["mode"]),
        transform: Transform::of(&series["transform"]),
        difference: size(&series["difference"]),
        scale: Scale::of(&series["scale"]),
    }
}

fn output(model: &Value) -> Output {
    let output = &model["output"];
    let target = match rules::aim(model) {
        Aim::Values => Target::Values { size: size(&output["size"]), scale: Scale::of(&output["scale"]) },
        Aim::Series => Target::Series { size: size(&output["size"]) },
        Aim::NextToken => Target::NextToken,
        Aim::Classes if output["classes"].as_array().is_some() => {
            Target::Classes(Classes::Labels(texts(&output["classes"])))
        }
        Aim::Classes => Target::Classes(Classes::Count(size(&output["classes"]))),
    };
    let at = if target == Target::NextToken || output["at"] == "every" { At::Every } else { At::Last };
    Output { at, target }
}

fn init(init: &Value) -> Init {
    let named =
        |field: &str| Initialiser::from_name(word(&init[field])).expect("the table has the initialisers' names");
    match init.as_str() {
        Some("pytorch") => Init::PyTorch,
        Some(_) => Init::Default,
        None => Init::Named { input: named("input"), recurrent: named("recurrent") },
    }
}

/// A size that the table has checked.
pub(super) fn size(value: &Value) -> usize {
    integer(value).unwrap_or_default()
}
