//! A search as a checkpoint keeps it: numbers, and vectors by the names of PyTorch's state.

use super::history::Pair;
use super::line::{End, Line, Progress};
use super::{Lbfgs, Now, Search, Wanted, step_to};

const OWN: usize = 9;
const OF_LINE: usize = 15;

impl Search {
    /// All numbers that the next evaluation depends on.
    pub fn numbers(&self) -> Vec<f64> {
        let Now { wanted, all, iterations, evaluations, t, loss, before } = self.now;
        let (pairs, scale) = (self.history.count, self.history.scale);
        let own: [f64; OWN] = [
            f64::from(wanted as u8),
            all as f64,
            iterations as f64,
            evaluations as f64,
            t,
            loss,
            before,
            scale,
            pairs as f64,
        ];
        let line = self.line.as_ref().map(of_line);
        own.into_iter().chain(line.into_iter().flatten()).chain((0..pairs).map(|i| self.history.pair(i).rho)).collect()
    }

    /// All vectors that it depends on: `d`, `prev_flat_grad`, of each pair `old_stps.{i}` and `old_dirs.{i}` from the oldest on, and
    /// within a line search the gradient `bracket_g` of its lower end.
    pub fn vectors(&self) -> Vec<(String, &[f32])> {
        let mut vectors: Vec<(String, &[f32])> = Vec::new();
        if self.now.all > 0 {
            vectors.push(("d".into(), &self.direction));
            vectors.push(("prev_flat_grad".into(), &self.previous));
        }
        for i in 0..self.history.count {
            let Pair { step, change, .. } = self.history.pair(i);
            vectors.push((format!("old_stps.{i}"), step));
            vectors.push((format!("old_dirs.{i}"), change));
        }
        if let Some(line) = self.line.as_ref().filter(|_| self.trying()) {
            vectors.push(("bracket_g".into(), &line.gradient));
        }
        vectors
    }

    /// The inverse of both for parameters of the flat length `n`; nothing for other numbers than these settings have. Before it
    /// goes on it needs [`Search::reserve`] and [`Search::go_on`].
    ///
    /// # Errors
    /// As `buffer` and `read`.
    pub fn read<E>(
        settings: Lbfgs,
        n: usize,
        numbers: &[f64],
        buffer: impl FnMut(usize) -> Result<Vec<f32>, E>,
        mut read: impl FnMut(&str) -> Result<Vec<f32>, E>,
    ) -> Result<Option<Search>, E> {
        let mut search = Search::new(settings, n, buffer)?;
        let Some((own, rest)) = numbers.split_first_chunk::<OWN>() else { return Ok(None) };
        let [wanted, all, iterations, evaluations, t, loss, before, scale, pairs] = *own;
        let wanted = match (wanted as u8, &search.line) {
            (0, _) => Wanted::First,
            (1, None) => Wanted::Next,
            (2, Some(_)) => Wanted::Trial,
            _ => return Ok(None),
        };
        let (all, iterations, evaluations) = (all as u64, iterations as u64, evaluations as u64);
        search.now = Now { wanted, all, iterations, evaluations, t, loss, before };
        let mut rest = rest;
        if let Some(line) = &mut search.line {
            let Some((of_line, after)) = rest.split_first_chunk::<OF_LINE>() else { return Ok(None) };
            set_line(line, of_line);
            rest = after;
        }
        if rest.len() != pairs as usize || rest.len() > settings.history {
            return Ok(None);
        }
        search.history.scale = scale;
        search.history.count = rest.len();
        for (i, &rho) in rest.iter().enumerate() {
            search.history.add(read(&format!("old_stps.{i}"))?, read(&format!("old_dirs.{i}"))?, rho);
        }
        if all > 0 {
            search.direction = read("d")?;
            search.previous = read("prev_flat_grad")?;
        }
        if wanted == Wanted::Trial
            && let Some(line) = &mut search.line
        {
            line.gradient = read("bracket_g")?;
        }
        Ok(Some(search))
    }

    /// Goes on with these parameters, which were saved beside it.
    pub fn go_on(&mut self, params: &[f32]) {
        if let Some(line) = self.line.as_ref().filter(|_| self.now.wanted == Wanted::Trial) {
            step_to(&mut self.point, params, &self.direction, line.trial());
        }
    }
}

fn of_line(line: &Line) -> [f64; OF_LINE] {
    let Progress { start, size, trial, done, most, bracketed, close, low } = line.now;
    let [a, b] = line.ends;
    let flag = |flag: bool| f64::from(u8::from(flag));
    let (done, most, bracketed, close, low) = (done as f64, most as f64, flag(bracketed), flag(close), low as f64);
    let (l, s) = (start.loss, start.slope);
    [l, s, a.t, a.loss, a.slope, b.t, b.loss, b.slope, size, trial, done, most, bracketed, close, low]
}

fn set_line(line: &mut Line, numbers: &[f64; OF_LINE]) {
    let [l, s, at, al, a, bt, bl, b, size, trial, done, most, bracketed, close, low] = *numbers;
    line.ends = [End { t: at, loss: al, slope: a }, End { t: bt, loss: bl, slope: b }];
    line.now = Progress {
        start: End { t: 0.0, loss: l, slope: s },
        size,
        trial,
        done: done as u64,
        most: most as u64,
        bracketed: bracketed == 1.0,
        close: close == 1.0,
        low: usize::from(low == 1.0),
    };
}
