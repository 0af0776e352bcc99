//! Token storage: as narrow as the vocabulary allows.

use crate::bundle::{Elements, Tensor};
use crate::error::Error;

#[derive(Clone, Debug)]
pub enum Tokens {
    U8(Vec<u8>),
    U16(Vec<u16>),
    U32(Vec<u32>),
}

impl Tokens {
    /// # Errors
    /// `DataError` for a tensor of another type or a token that is not below `vocabulary`, with its index.
    pub fn new(tensor: Tensor, vocabulary: usize) -> Result<Tokens, Error> {
        let tokens = match tensor.elements {
            Elements::U8(v) => Tokens::U8(v),
            Elements::U16(v) => Tokens::U16(v),
            Elements::U32(v) => Tokens::U32(v),
            other => return Err(Error::data("x", "tokens (unsigned integers)", other.dtype())),
        };
        let beyond = match &tokens {
            Tokens::U8(v) => v.iter().position(|&t| t as usize >= vocabulary),
            Tokens::U16(v) => v.iter().position(|&t| t as usize >= vocabulary),
            Tokens::U32(v) => v.iter().position(|&t| t as usize >= vocabulary),
        };
        match beyond {
            Some(i) => {
                Err(Error::data(format!("x[{i}]"), format!("a token below {vocabulary}"), tokens.get(i).to_string()))
            }
            None => Ok(tokens),
        }
    }

    pub fn count(&self) -> usize {
        match self {
            Tokens::U8(v) => v.len(),
            Tokens::U16(v) => v.len(),
            Tokens::U32(v) => v.len(),
        }
    }

    pub fn get(&self, i: usize) -> u32 {
        match self {
            Tokens::U8(v) => u32::from(v[i]),
            Tokens::U16(v) => u32::from(v[i]),
            Tokens::U32(v) => v[i],
        }
    }
}
