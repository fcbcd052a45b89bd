//! The live log as the store's hot tier: a light index over it, filters on the bytes as they lie in its files.

mod build;
mod chunk;
mod columns;
mod fetch;
mod index;
mod names;
mod search;
mod shapes;
mod tail;

pub use chunk::{Chunk, Shape};
pub use search::Shaped;
pub use tail::{Hot, Visible};
