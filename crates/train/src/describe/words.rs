//! Enumerations that are words of a description.

/// Makes an enumeration with `ALL`, `name()` and `by_name()`.
macro_rules! words {
    ($(#[$doc:meta])* $type:ident { $($(#[$note:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum $type {
            $($(#[$note])* $variant,)*
        }

        impl $type {
            pub const ALL: &[$type] = &[$($type::$variant),*];

            /// As in the description.
            pub const fn name(self) -> &'static str {
                match self {
                    $($type::$variant => $word,)*
                }
            }

            pub fn by_name(name: &str) -> Option<$type> {
                $type::ALL.iter().copied().find(|w| w.name() == name)
            }

            /// One that the table has checked; the first where nothing is said.
            pub(super) fn of(value: &crate::json::Value) -> $type {
                match value.as_str() {
                    None => $type::ALL[0],
                    Some(word) => $type::by_name(word).unwrap_or_else(|| $crate::describe::words::unknown()),
                }
            }
        }
    };
}
pub(super) use words;

/// For a word that the table of descriptions has let through and nobody knows: a broken invariant, never some default.
#[cold]
pub(super) fn unknown() -> ! {
    panic!("a word of the table of descriptions that nobody knows")
}
