//! The values that come after a table, in the user's units.

use crate::bundle::{Bundle, Elements};
use crate::data::series::Series;
use crate::describe::calls::ForecastOptions;
use crate::describe::model::{Input, Mode};
use crate::encoding::series::{Column, SeriesEncoding};
use crate::error::{Error, ErrorClass};
use crate::evaluate::workspace;
use crate::model::Model;
use crate::text::number;
use rnn::{At, Capacity, Loss, Packing, Values};

/// One tensor a target, [steps]; of quantiles the one nearest to ½, and each beside it as `target.quantile.0.9`; of Gaussians
/// the mean, and `target.variance`. The bundle is that of a series whose metadata `history` says how many rows are past;
/// after them come the rows that are known ahead, with NaN in the columns that are not.
///
/// # Errors
/// `ConfigError` for a model without a series or more steps than a direct model has, `DataError` for a table too short.
pub fn forecast(model: &Model, mut data: Bundle, options: &str) -> Result<Bundle, Error> {
    let options = ForecastOptions::from_json(options)?;
    let body = model.body()?;
    let Input::Series(plan) = &model.description.input else {
        let message = "forecast goes on with a series; this model has none: use predict or generate";
        return Err(Error::new(ErrorClass::Config, "wantsSeries", message));
    };
    model.encoding.require(&model.description)?;
    let encoding = model.encoding.series.clone().expect("required above");
    let steps = options.steps.unwrap_or(plan.horizon);
    if plan.mode == Mode::Direct && steps > plan.horizon {
        let expected = format!("at most {}, the horizon of a direct model", plan.horizon);
        return Err(Error::config("steps", expected, steps.to_string()));
    }
    let history = data.metadata("history").and_then(|n| n.parse::<usize>().ok());
    let history = history.ok_or_else(|| Error::format("the bundle does not say where its history ends"))?;
    let mut table = plan.table(&mut data)?;
    // Predicted levels are sums of changes, which may be far smaller.
    table.levels.iter_mut().try_for_each(Column::widen)?;
    let needed = plan.first_origin() + 1;
    if history < needed {
        let expected = format!("at least {needed} rows (difference + window)");
        return Err(Error::data("history", expected, history.to_string()).code("tooShort"));
    }
    let future = if plan.mode == Mode::Direct { plan.horizon } else { steps };
    if table.rows < history.saturating_add(future) {
        let received = table.rows.saturating_sub(history).to_string();
        return Err(Error::data("known", format!("{future} rows that are known ahead"), received));
    }
    let mut series = Series::new(encoding.clone(), table, body.form.at == At::Every, 0);

    let (window, size, width) = (plan.window, plan.input_size(), plan.targets());
    let capacity = Capacity { batch: 1, steps: window, rows: window };
    let mut workspace = workspace(&body.network, capacity, false)?;
    let packing = Packing::new(&[window]);
    let mut rows = vec![0.0; window * size];
    let mut values = Vec::with_capacity(steps * width);
    let (mut point, mut user) = (vec![0.0; plan.output_size()], vec![0.0; plan.output_size()]);
    let mut beside = Vec::new();
    let rounds = if plan.mode == Mode::Direct { 1 } else { steps };
    for round in 0..rounds {
        let origin = history - 1 + round;
        for (t, row) in rows.chunks_exact_mut(size).enumerate() {
            series.row(origin + 1 + t - window, row);
        }
        body.network.forward(&body.params, &packing, Values::Values(&rows), None, None, &mut workspace);
        let output = workspace.output();
        let predicted = &output[output.len() - body.network.output_size()..];
        body.form.loss.point(predicted, &mut point);
        series.restore_from(origin, &point, &mut user);
        values.extend_from_slice(&user);
        if plan.mode == Mode::Recursive {
            series.feed(origin + 1, &point);
        } else {
            beside = spread(&series, &encoding, origin, &body.form.loss, predicted);
        }
    }
    let mut result = Bundle::default();
    for (suffix, values) in [(String::new(), values)].into_iter().chain(beside) {
        for (j, name) in plan.target.iter().enumerate() {
            let column: Vec<f32> = (0..steps).map(|k| values[k * width + j] as f32).collect();
            result.push([name, &*suffix].concat(), vec![steps], Elements::F32(column));
        }
    }
    Ok(result)
}

/// What a direct model says beside the value itself, in the user's units: quantiles, or the variance. Each with what is added to
/// the name of its target.
fn spread(
    series: &Series,
    encoding: &SeriesEncoding,
    origin: usize,
    loss: &Loss,
    predicted: &[f32],
) -> Vec<(String, Vec<f64>)> {
    match loss {
        Loss::Quantile(quantiles) => {
            let one = |(i, q): (usize, &f64)| {
                let row: Vec<f32> = predicted.chunks_exact(quantiles.len()).map(|of| of[i]).collect();
                let mut user = vec![0.0; row.len()];
                series.restore_from(origin, &row, &mut user);
                (format!(".quantile.{}", number(*q)), user)
            };
            quantiles.iter().enumerate().map(one).collect()
        }
        Loss::Gaussian(settings) => {
            let square = |(i, of): (usize, &[f32])| {
                let scale = encoding.target.scale[i % encoding.plan.targets()];
                f64::from(settings.variance_of(of[1])) * scale * scale
            };
            vec![(".variance".into(), predicted.chunks_exact(2).enumerate().map(square).collect())]
        }
        _ => Vec::new(),
    }
}
