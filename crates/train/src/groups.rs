//! Which parameters are moved and penalised in which way. NOT: the arithmetic.

use crate::describe::update::{Group, Kind, Layer, Penalty, Update};
use crate::error::Error;
use crate::places::{places, trained};
use crate::text::quoted;
use optim::{Optimizer, Places};
use rnn::{Parameter, ParameterTable, Role};
use std::ops::Range;

/// Parameters that are moved alike.
pub struct Moved {
    pub optimizer: Optimizer,
    /// What the rate is multiplied by.
    pub factor: f64,
    pub places: Places,
    /// The optimiser's numbers for them.
    pub scalars: Vec<f64>,
}

/// Parameters with one penalty.
pub struct Penalised {
    pub l1: f64,
    pub l2: f64,
    pub ranges: Vec<Range<usize>>,
}

/// All that are trained, each in one part: that of the first group that takes it, or the last, which has the settings of the run.
/// Parts without parameters are left out.
///
/// # Errors
/// `ConfigError` for a group that nothing belongs to, or that asks for what the optimiser does not have.
pub fn divide(table: &ParameterTable, update: &Update) -> Result<(Vec<Moved>, Vec<Penalised>), Error> {
    let (all, parameters): (_, Vec<&Parameter>) = (places(table), trained(table).collect());
    let owner = |p: &Parameter| update.groups.iter().position(|g| takes(g, p)).unwrap_or(update.groups.len());
    let owners: Vec<usize> = parameters.iter().map(|p| owner(p)).collect();
    for (i, group) in update.groups.iter().enumerate() {
        check_names(table, group, i)?;
        if owners.contains(&i) {
            continue;
        }
        let taken = parameters.iter().any(|p| takes(group, p));
        let why = if taken { "no parameter is left for it" } else { "no parameter that is trained belongs to it" };
        let error = Error::conflict(format!("groups[{i}]"), why);
        return Err(if taken { error.hint("each belongs to the first group that takes it") } else { error });
    }
    let rest = Group { layers: None, kinds: None, factor: 1.0, weight_decay: None, penalty: None };
    let (mut moved, mut penalised) = (Vec::new(), Vec::new());
    for (i, group) in update.groups.iter().chain([&rest]).enumerate() {
        let optimizer = match group.weight_decay {
            None => update.optimizer,
            Some(decay) => update.optimizer.with_weight_decay(decay).ok_or_else(|| {
                Error::conflict(format!("groups[{i}].weightDecay"), "the optimiser has no weight decay")
            })?,
        };
        let places = all.only(|at| owners[at] == i);
        if !places.tensors.is_empty() {
            let scalars = vec![0.0; optimizer.scalars().len()];
            moved.push(Moved { optimizer, factor: group.factor, places, scalars });
        }
        let Penalty { l1, l2, on } = group.penalty.as_ref().unwrap_or(&update.penalty);
        let ranges = all.only(|at| owners[at] == i && on.contains(&kind(parameters[at].role))).ranges;
        if (*l1 != 0.0 || *l2 != 0.0) && !ranges.is_empty() {
            penalised.push(Penalised { l1: *l1, l2: *l2, ranges });
        }
    }
    Ok((moved, penalised))
}

/// What stands before the parameters of a layer: its name, or its place.
fn layer_of(parameter: &Parameter) -> &str {
    let dot = parameter.name.bytes().rposition(|byte| byte == b'.');
    dot.and_then(|dot| parameter.name.get(..dot)).unwrap_or_default()
}

/// Refuses a name of the `i`-th group that no layer has.
fn check_names(table: &ParameterTable, group: &Group, i: usize) -> Result<(), Error> {
    for (at, layer) in group.layers.iter().flatten().enumerate() {
        let Layer::Name(name) = layer else { continue };
        if table.entries().iter().any(|p| layer_of(p) == name) {
            continue;
        }
        let mut names = Vec::new();
        for parameter in table.entries() {
            let name = layer_of(parameter);
            // One without a name is called by its index.
            if name.parse() != Ok(parameter.layer) && !names.contains(&name) {
                names.push(name);
            }
        }
        let expected = match names.is_empty() {
            true => "the index of a layer (none with parameters has a name)".to_string(),
            false => ["the name of a layer with parameters (", &names.join(", "), "), or its index"].concat(),
        };
        return Err(Error::config(format!("groups[{i}].layers[{at}]"), expected, quoted(name)));
    }
    Ok(())
}

fn takes(group: &Group, parameter: &Parameter) -> bool {
    let of = |layer: &Layer| match layer {
        Layer::Index(index) => *index == parameter.layer,
        Layer::Name(name) => layer_of(parameter) == name,
    };
    group.layers.as_ref().is_none_or(|layers| layers.iter().any(of))
        && group.kinds.as_ref().is_none_or(|kinds| kinds.contains(&kind(parameter.role)))
}

fn kind(role: Role) -> Kind {
    match role {
        Role::InputWeight => Kind::Input,
        Role::RecurrentWeight => Kind::Recurrent,
        // Gains and norms go with the shifts: penalties leave them alone unless told otherwise.
        Role::Bias | Role::Vector | Role::State | Role::Gain | Role::Magnitude | Role::Buffer(_) => Kind::Bias,
        Role::Weight => Kind::Dense,
        Role::Embedding => Kind::Embedding,
    }
}
