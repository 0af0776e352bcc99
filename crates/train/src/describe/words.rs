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

            /// One that the table has checked.
            pub(super) fn of(value: &crate::json::Value) -> $type {
                value.as_str().and_then($type::by_name).unwrap_or($type::ALL[0])
            }
        }
    };
}
pub(super) use words;
