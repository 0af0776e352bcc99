//! The words that the table of descriptions is written in. One row says all that is known of an option: name, kind with
//! its range, default, one line of doc. The rows are in [`super::rows`]; what options have to do with each other is in the
//! rules beside it.

/// The largest integer that JavaScript holds exactly.
const SAFE: u64 = (1 << 53) - 1;

/// What a value has to be.
#[derive(Clone, Copy)]
pub enum Kind {
    /// An integer from `low` to `high`.
    Integer {
        low: u64,
        high: u64,
    },
    Number(Range),
    Bool,
    Text,
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
pub const POSITIVE: Kind = Kind::Integer { low: 1, high: SAFE };
/// From 0: seeds, numbers of steps that may be none.
pub const COUNT: Kind = Kind::Integer { low: 0, high: SAFE };
/// From 1, and an index in wasm's memory.
pub const SIZE: Kind = Kind::Integer { low: 1, high: i32::MAX as u64 };

/// The ranges of numbers in use. A number also has to be one of 32 bits: what is above 0 stays so there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Range {
    Finite,
    AboveZero,
    FromZero,
    /// 0 ≤ x < 1.
    Share,
}

impl Range {
    pub const fn text(self) -> &'static str {
        match self {
            Range::Finite => "a finite number",
            Range::AboveZero => "a number above 0",
            Range::FromZero => "a number from 0",
            Range::Share => "a number from 0, below 1",
        }
    }

    pub fn holds(self, x: f64) -> bool {
        let narrow = x as f32;
        narrow.is_finite()
            && match self {
                Range::Finite => true,
                Range::AboveZero => narrow > 0.0,
                Range::FromZero => x >= 0.0,
                Range::Share => x >= 0.0 && narrow < 1.0,
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
            doc: $crate::describe::table::on_the_host($doc),
        }
    };
}
pub(crate) use row;

/// Docs are printed by a host program; the kernel does without their 10 KB.
pub const fn on_the_host(doc: &'static str) -> &'static str {
    if cfg!(target_arch = "wasm32") { "" } else { doc }
}
