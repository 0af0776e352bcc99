//! Prints what the table of descriptions says: `describe` the TypeScript types and factories (`description.gen.ts`),
//! `describe --markdown` the options table of the docs.

mod catalogue;
mod markdown;
mod typescript;

fn main() {
    match std::env::args().nth(1).as_deref() {
        None => print!("{}", typescript::print()),
        Some("--markdown") => print!("{}", markdown::print()),
        Some(other) => {
            eprintln!("unknown argument {other}; known is --markdown");
            std::process::exit(2);
        }
    }
}
