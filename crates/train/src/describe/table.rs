//! The words that the table of descriptions is written in. One row says all that is known of an option: name, kind with
//! its range, default, one line of doc. The rows are in [`super::rows`]; what options have to do with each other is in the
//! rules beside it.

/// What a value has to be.
#[derive(Clone, Copy)]
pub enum Kind {
    Integer(Span),
    Number(Range),
    Bool,
    Text,
    /// In JSON a text of base64.
    Bytes,
    Word(&'static Words),
    /// A list of at least so many.
    List(&'static Kind, usize),
    Object(&'static Object),
    /// One of some objects, told apart by their `kind`.
    Tagged(&'static Tagged),
    /// One of some objects, told apart by the field that only one of them has ([`Object::key`]).
    Keyed(&'static Keyed),
    /// One of some kinds, told apart by the type of the value.
    Either(&'static Union),
    /// Refused until its turn comes; the type is TypeScript's.
    Later(&'static str),
}

/// From 1: counts of steps and epochs.
pub const POSITIVE: Kind = Kind::Integer(Span { low: 1, high: EXACT });
/// From 0: seeds, numbers of steps that may be none.
pub const COUNT: Kind = Kind::Integer(Span { low: 0, high: EXACT });
/// From 1, and an index in wasm's memory.
pub const SIZE: Kind = Kind::Integer(Span { low: 1, high: ADDRESS });
/// From 0, and an index in wasm's memory.
pub const OFFSET: Kind = Kind::Integer(Span { low: 0, high: ADDRESS });
/// From 1: numbers in a row of a layer.
pub const WIDTH: Kind = Kind::Integer(Span { low: 1, high: rnn::LARGEST as u64 });
/// From 1: levels of a layer.
pub const LEVELS: Kind = Kind::Integer(Span { low: 1, high: rnn::MOST_LEVELS as u64 });

/// What JavaScript holds exactly.
const EXACT: u64 = (1 << 53) - 1;
/// What wasm can address.
const ADDRESS: u64 = i32::MAX as u64;

/// A range of integers.
#[derive(Clone, Copy)]
pub struct Span {
    pub low: u8,
    pub high: u64,
}

impl Span {
    pub const fn text(self) -> &'static str {
        match (self.low, self.high) {
            (0, _) => "an integer from 0",
            (1, 2) => "1 or 2",
            _ => "a positive integer",
        }
    }
}

/// The ranges of numbers in use. A number also has to be one of 32 bits: what is above 0 stays so there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Range {
    Finite,
    AboveZero,
    FromZero,
    /// 0 ≤ x < 1.
    Share,
    /// 0 < x < 1.
    Inside,
}

impl Range {
    pub const fn text(self) -> &'static str {
        match self {
            Range::Finite => "a finite number",
            Range::AboveZero => "a number above 0",
            Range::FromZero => "a number from 0",
            Range::Share => "a number from 0, below 1",
            Range::Inside => "a number above 0, below 1",
        }
    }

    pub fn holds(self, x: f64) -> bool {
        let narrow = x as f32;
        narrow.is_finite()
            && match self {
                Range::Finite => true,
                // A denormal would vanish in the first product.
                Range::AboveZero => narrow >= f32::MIN_POSITIVE,
                Range::FromZero => x >= 0.0,
                Range::Share => x >= 0.0 && narrow < 1.0,
                Range::Inside => (f32::MIN_POSITIVE..1.0).contains(&narrow),
            }
    }
}

/// Words of which one is to be said.
pub struct Words {
    /// The name of its type; empty: written out.
    pub name: &'static str,
    pub doc: &'static str,
    pub now: &'static [&'static str],
    pub later: &'static [&'static str],
}

pub struct Tagged {
    pub name: &'static str,
    pub doc: &'static str,
    pub of: &'static [&'static Object],
}

pub struct Keyed {
    /// Empty: written out.
    pub name: &'static str,
    pub doc: &'static str,
    /// One without a key is taken when no other is.
    pub of: &'static [&'static Object],
}

pub struct Union {
    /// Empty: written out.
    pub name: &'static str,
    pub of: &'static [Kind],
}

pub struct Object {
    /// Of its type.
    pub name: &'static str,
    pub doc: &'static str,
    pub tell: Tell,
    /// Its fields come first.
    pub base: Option<&'static Object>,
    pub fields: &'static [Field],
}

/// How an object is told from its alternatives.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Tell {
    /// It has none.
    Alone,
    /// By its `kind`.
    Kind(&'static str),
    /// By a field that only it has.
    Key(&'static str),
}

pub struct Field {
    pub name: &'static str,
    pub kind: Kind,
    pub default: Default,
    pub doc: &'static str,
}

/// What an absent option means.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Default {
    /// It may not be.
    Required,
    /// Nothing.
    Absent,
    /// This JSON.
    Is(&'static str),
    /// What this text says: a rule fills it in.
    Follows(&'static str),
}

impl Object {
    pub fn fields(&self) -> impl Iterator<Item = &'static Field> {
        self.base.map_or(&[][..], |b| b.fields).iter().chain(self.fields)
    }

    /// Its `kind`, or nothing.
    pub fn kind(&self) -> &'static str {
        if let Tell::Kind(kind) = self.tell { kind } else { "" }
    }
}

/// A row. (A function would not do: its arguments are not kept for the program's life.)
macro_rules! row {
    ($name:expr, $kind:expr, $default:expr, $doc:expr $(,)?) => {
        $crate::describe::table::Field {
            name: $name,
            kind: $kind,
            default: $default,
            doc: $crate::describe::table::host($doc),
        }
    };
}

/// Words without a name for their type.
macro_rules! one_of {
    ($($word:literal),+ $(,)?) => {
        $crate::describe::table::Kind::Word(&$crate::describe::table::Words {
            name: "",
            doc: "",
            now: &[$($word),+],
            later: &[],
        })
    };
}

/// Kinds told apart by the type of the value, without a name for their type.
macro_rules! any_of {
    ($($kind:expr),+ $(,)?) => {
        $crate::describe::table::Kind::Either(&$crate::describe::table::Union { name: "", of: &[$($kind),+] })
    };
}
pub(crate) use {any_of, one_of, row};

/// [`Default::Follows`], in words.
pub const fn follows(from: &'static str) -> Default {
    Default::Follows(host(from))
}

/// Docs and names of types are printed by a host program; the kernel does without their 10 KB.
pub const fn host(doc: &'static str) -> &'static str {
    if cfg!(target_arch = "wasm32") { "" } else { doc }
}
