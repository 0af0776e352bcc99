//! What keeps weights in shape, once an update: the orthogonality penalty, the largest norm. Both see matrices, output by output,
//! which only the table of parameters can tell.

use linalg::{PANEL, Source, gemm, pack_panels, pack_strips, padded};

use crate::params::{Layout, ParameterTable, Role};

/// `strength·Σ ‖W Wᵀ - I‖²` over the gates of all recurrent matrices that learn, W `[units, inputs]` the weights of a gate; where
/// there are more units than inputs, `Wᵀ W`. (Pascanu et al. 2013, arXiv:1211.5063, section 2.3, on why; Vorontsov et al. 2017,
/// arXiv:1702.00071, equation 6.) A part of the gradient, not of the loss.
#[derive(Clone, Debug, Default)]
pub struct Orthogonality {
    natural: Vec<f32>,
    gradient: Vec<f32>,
    wide: Vec<f32>,
    tall: Vec<f32>,
    square: Vec<f32>,
    strips: Vec<f32>,
    panels: Vec<f32>,
}

impl Orthogonality {
    /// With memory for the matrices of `table`; how many bytes could not be had otherwise.
    ///
    /// # Errors
    /// When the memory cannot be had: its bytes.
    pub fn new(table: &ParameterTable) -> Result<Orthogonality, usize> {
        let (mut whole, mut block, mut least) = (0, 0, 0);
        for entry in table.entries().iter().filter(|entry| penalised(entry.role, entry.trainable)) {
            let (units, inputs) = (entry.shape[0] / entry.gates, entry.shape[1]);
            whole = whole.max(entry.count());
            block = block.max(padded(units) * padded(inputs));
            least = least.max(padded(units.min(inputs)));
        }
        let buffer = |len: usize| -> Result<Vec<f32>, usize> {
            let mut buffer: Vec<f32> = Vec::new();
            buffer.try_reserve_exact(len).map_err(|_| len * size_of::<f32>())?;
            buffer.resize(len, 0.0);
            Ok(buffer)
        };
        Ok(Orthogonality {
            natural: buffer(whole)?,
            gradient: buffer(whole)?,
            wide: buffer(block)?,
            tall: buffer(block)?,
            square: buffer(least * least)?,
            strips: buffer(block)?,
            panels: buffer(block)?,
        })
    }

    /// `g ← g + 4·strength·(W Wᵀ - I) W` of each gate.
    pub fn add(&mut self, strength: f64, table: &ParameterTable, params: &[f32], grads: &mut [f32]) {
        for (index, entry) in table.entries().iter().enumerate() {
            if !penalised(entry.role, entry.trainable) {
                continue;
            }
            let (units, inputs) = (entry.shape[0] / entry.gates, entry.shape[1]);
            let (natural, gradient) = (&mut self.natural[..entry.count()], &mut self.gradient[..entry.count()]);
            table.export(index, params, natural);
            // W of m rows and k ≥ m columns, and its transpose.
            let (m, k) = (units.min(inputs), units.max(inputs));
            let turned = units > inputs;
            for (w, d) in natural.chunks_exact(units * inputs).zip(gradient.chunks_exact_mut(units * inputs)) {
                let (wide, tall) = (&mut self.wide[..m * k], &mut self.tall[..m * k]);
                let (same, other) = if turned { (&mut *tall, &mut *wide) } else { (&mut *wide, &mut *tall) };
                same.copy_from_slice(w);
                for (r, row) in w.chunks_exact(inputs).enumerate() {
                    row.iter().enumerate().for_each(|(c, &x)| other[c * units + r] = x);
                }
                let square = &mut self.square[..m * m];
                square.fill(0.0);
                square.iter_mut().step_by(m + 1).for_each(|x| *x = -1.0);
                pack_strips(&mut self.strips, wide, k, m, k);
                pack_panels(&mut self.panels, k, 0, Source { data: tall, ld: m, rows: k, columns: m, reversed: false });
                gemm(m, m, k, &self.strips, &self.panels, square, m);
                pack_strips(&mut self.strips, square, m, m, m);
                pack_panels(&mut self.panels, m, 0, Source { data: wide, ld: k, rows: m, columns: k, reversed: false });
                tall.fill(0.0);
                gemm(m, k, m, &self.strips, &self.panels, tall, k);
                for (r, row) in tall.chunks_exact(k).enumerate() {
                    for (c, &x) in row.iter().enumerate() {
                        d[if turned { c * inputs + r } else { r * inputs + c }] = x;
                    }
                }
            }
            let factor = (4.0 * strength) as f32;
            entry.places(|flat, natural| grads[flat] += factor * gradient[natural]);
        }
    }
}

fn penalised(role: Role, trainable: bool) -> bool {
    trainable && role == Role::RecurrentWeight
}

/// Scales the incoming weights of each unit (a row of a weight matrix that learns) down to a Euclidean norm of `most` (Srivastava et
/// al. 2014, section 5.1): `w ← w·min(1, most/‖w‖)`. Biases, gains and tables of embeddings are left alone.
pub fn max_norm(most: f64, table: &ParameterTable, params: &mut [f32]) {
    for entry in table.entries().iter().filter(|entry| entry.trainable && entry.role.is_weight()) {
        if !matches!(entry.layout, Layout::Panels { .. }) {
            continue;
        }
        // A column of a panel is a row of the matrix; pad columns are zero, and stay so.
        for panel in params[entry.range()].chunks_exact_mut(PANEL * entry.shape[1]) {
            let mut squares = [0.0; PANEL];
            for row in panel.as_chunks::<PANEL>().0 {
                squares.iter_mut().zip(row).for_each(|(sum, &w)| *sum += f64::from(w) * f64::from(w));
            }
            if squares.iter().all(|square| square.sqrt() <= most) {
                continue;
            }
            let factors = squares.map(|square| if square.sqrt() > most { (most / square.sqrt()) as f32 } else { 1.0 });
            for row in panel.as_chunks_mut::<PANEL>().0 {
                row.iter_mut().zip(factors).for_each(|(w, factor)| *w *= factor);
            }
        }
    }
}
