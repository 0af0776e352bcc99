//! Updates by a search (L-BFGS): loss and gradient at several weights, one after the other, make one. NOT: where they come from.

use super::{Diverged, Penalised, Updated, Updater, read_flat};
use crate::bundle::Bundle;
use crate::error::Error;
use crate::file::File;
use crate::memory::buffer;
use optim::{Done, Lbfgs, Search};
use rnn::ParameterTable;

pub struct Searching {
    search: Search,
    /// Of the update at hand: the norm of its first gradient before clipping, and whether one was clipped.
    norm: f64,
    clipped: bool,
}

/// The tensor of the numbers.
const NUMBERS: &str = "optimizer.lbfgs";

impl Searching {
    /// Without room for pairs, which comes with [`Searching::reserve`].
    ///
    /// # Errors
    /// `MemoryError`.
    pub fn new(settings: Lbfgs, parameters: usize) -> Result<Searching, Error> {
        Ok(Searching { search: Search::new(settings, parameters, buffer)?, norm: 0.0, clipped: false })
    }

    /// Makes room for all that an update takes. Most of what a search holds is this: there should be no other one beside it.
    ///
    /// # Errors
    /// `MemoryError`; what there is stays.
    pub fn reserve(&mut self) -> Result<(), Error> {
        self.search.reserve(buffer)
    }

    /// As tensors: [`NUMBERS`], and `optimizer.{vector}.{parameter}` for each of [`Search::vectors`].
    pub fn write<'a>(&'a self, table: &'a ParameterTable, into: &mut File<'a>) {
        let own = [self.norm, f64::from(u8::from(self.clipped))];
        let mut bundle = Bundle::default();
        bundle.f64(NUMBERS, own.into_iter().chain(self.search.numbers()).collect());
        into.add(bundle);
        for (name, vector) in self.search.vectors() {
            into.flat(table, vector, &prefix(&name));
        }
    }

    /// The inverse of [`Searching::write`]; without room for further pairs, as [`Searching::new`].
    ///
    /// # Errors
    /// `FormatError` for what is missing or does not fit; `MemoryError`.
    pub fn read(settings: Lbfgs, table: &ParameterTable, from: &mut Bundle) -> Result<Searching, Error> {
        let broken = || Error::format("the saved search of L-BFGS is missing or does not fit");
        let numbers = from.take_f64(NUMBERS)?.ok_or_else(broken)?;
        let ([norm, clipped], numbers) = numbers.split_first_chunk::<2>().ok_or_else(broken)?;
        let vector = |name: &str| {
            let mut flat = buffer(table.len())?;
            read_flat(table, &mut flat, &prefix(name), from)?;
            Ok(flat)
        };
        let search = Search::read(settings, table.len(), numbers, buffer, vector)?.ok_or_else(broken)?;
        Ok(Searching { search, norm: *norm, clipped: *clipped == 1.0 })
    }

    /// Goes on from these weights, which were saved beside it.
    pub fn go_on(&mut self, params: &[f32]) {
        self.search.go_on(params);
    }

    /// Where loss and gradient are wanted next.
    pub fn point<'a>(&'a self, params: &'a [f32]) -> &'a [f32] {
        self.search.point(params)
    }

    /// Whether the next evaluation is one within an update.
    pub fn under_way(&self) -> bool {
        self.search.under_way()
    }
}

fn prefix(name: &str) -> String {
    ["optimizer.", name, "."].concat()
}

impl Updater {
    /// Takes the loss of all data and its gradient, which is spent, at [`Updater::point`]; an update once that was its last
    /// evaluation, and none as long as there are further ones.
    ///
    /// Penalties are part of what is minimised. Only at trials of a line search may numbers be not finite.
    ///
    /// # Errors
    /// As [`Updater::update`]; `params` are then those of the last step whose weights were finite.
    ///
    /// # Panics
    /// Without a search.
    pub fn evaluated(
        &mut self,
        done: Done,
        table: &ParameterTable,
        params: &mut [f32],
        gradient: &mut [f32],
        loss: f64,
    ) -> Result<Option<Updated>, Diverged> {
        let mut searching = self.search.take().expect("an optimiser that searches");
        let result = self.look(&mut searching, done, table, params, gradient, loss);
        self.search = Some(searching);
        result
    }

    fn look(
        &mut self,
        Searching { search, norm, clipped }: &mut Searching,
        done: Done,
        table: &ParameterTable,
        params: &mut [f32],
        gradient: &mut [f32],
        loss: f64,
    ) -> Result<Option<Updated>, Diverged> {
        let mut loss = loss;
        let point = search.point(params);
        let seen = self.description.clip.apply(&self.places, point, gradient);
        for Penalised { l1, l2, ranges } in &self.penalised {
            optim::penalty::add_to(*l1, *l2, ranges, point, gradient);
            loss += optim::penalty::value(*l1, *l2, ranges, point);
        }
        if !(loss.is_finite() && seen.norm.is_finite()) {
            if !search.trying() {
                let gradient = || Diverged::new("the gradient of ", super::non_finite(table, gradient), super::FINITE);
                return Err(if loss.is_finite() { gradient() } else { Diverged::loss() });
            }
            loss = f64::INFINITY;
        }
        if !search.under_way() {
            (*norm, *clipped) = (seen.norm, false);
        }
        *clipped |= seen.clipped;
        self.before.copy_from_slice(params);
        let rate = self.description.rate.rate(done);
        let over = search.evaluated(rate, params, loss, gradient);
        self.check(table, params)?;
        Ok(over.then_some(Updated { norm: *norm, clipped: *clipped, rate }))
    }
}
