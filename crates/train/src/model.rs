//! A model: its description, its network once every size is known, its weights, the constants of its encoding and the
//! last run, if there was one. NOT: how it is trained (session) or used (predict, evaluate …).

use crate::bundle::{Bundle, Elements};
use crate::data::form::{Form, Input, Target};
use crate::describe::model::{Input as Described, ModelDescription};
use crate::describe::network::network;
use crate::encoding::Encoding;
use crate::error::{Error, ErrorClass};
use crate::memory::buffer;
use crate::session::saved::SavedRun;
use crate::text;
use crate::update::write_flat;
use rnn::losses::Reads;
pub use rnn::losses::own::Ask;
use rnn::{Layer, Network, Recurrent};
use std::fmt::Write;
use std::rc::Rc;

pub struct Model {
    pub description: ModelDescription,
    body: Option<Body>,
    pub encoding: Encoding,
    /// The run that `resume` goes on with.
    pub saved: Option<SavedRun>,
    /// Whether it was ever opened for training in relaxed arithmetic: the bits of its weights are then those of a machine.
    pub relaxed: bool,
}

/// What there is once every size is known.
pub struct Body {
    pub network: Network,
    /// In the flat layout of the network's table.
    pub params: Vec<f32>,
    pub form: Form,
}

impl Model {
    /// A new model with initial weights, unless its vocabulary is open until the first fit.
    ///
    /// # Errors
    /// `ConfigError` for a wrong description, `MemoryError` when the weights do not fit.
    pub fn create(description: &str) -> Result<Model, Error> {
        Model::new(description, true)
    }

    /// As [`Model::create`], with all weights 0, for those of a file.
    ///
    /// # Errors
    /// As [`Model::create`].
    pub fn blank(description: &str) -> Result<Model, Error> {
        Model::new(description, false)
    }

    fn new(description: &str, initialise: bool) -> Result<Model, Error> {
        let description = ModelDescription::from_json(description)?;
        let mut model = Model { description, body: None, encoding: Encoding::default(), saved: None, relaxed: false };
        model.build(initialise)?;
        Ok(model)
    }

    fn build(&mut self, initialise: bool) -> Result<(), Error> {
        if self.description.is_open() {
            return Ok(());
        }
        let description = &self.description;
        let (input, size) = match &description.input {
            Described::Values { size, .. } => (Input::Values(*size), *size),
            Described::Tokens(_) => {
                let vocabulary = description.vocabulary_size().expect("not open");
                (Input::Tokens(vocabulary), vocabulary)
            }
            Described::Series(plan) => (Input::Values(plan.input_size()), plan.input_size()),
        };
        let network = network(description, size)?;
        let loss = description.loss.clone();
        let target = match loss.reads() {
            Reads::Numbers => Target::Values(network.output_size() / loss.outputs()),
            Reads::Classes => Target::Classes(network.output_size()),
            Reads::Distributions => Target::Distributions(network.output_size()),
            Reads::Labels => Target::Labels(network.output_size()),
        };
        let form = Form { input, target, at: network.at(), loss, states: network.states().to_vec() };
        let mut params = buffer(network.table().len())?;
        if initialise {
            // Of the largest tensor a copy in its natural layout and a basis in f64.
            let largest = network.table().entries().iter().map(|p| p.count()).max().unwrap_or(0);
            drop(buffer(largest.saturating_mul(3))?);
            rnn::initialise(&network, description.init, description.seed, &mut params);
        }
        self.body = Some(Body { network, params, form });
        Ok(())
    }

    /// Who computes the loss, where the description has one of the user's own.
    pub fn set_own_loss(&self, ask: Rc<dyn Ask>) {
        if let rnn::Loss::Own(own) = &self.description.loss {
            own.answer(ask);
        }
    }

    /// Who computes the loss of one of the same description computes this one's.
    pub(crate) fn ask_as(&self, other: &Model) {
        if let rnn::Loss::Own(own) = &other.description.loss
            && let Some(ask) = own.asked()
        {
            self.set_own_loss(ask);
        }
    }

    /// Whatever moves the weights from here on, the build at hand does it.
    pub fn train_here(&mut self) {
        self.relaxed |= linalg::RELAXED;
    }

    /// # Errors
    /// `ConfigError` while the vocabulary is open.
    pub fn body(&self) -> Result<&Body, Error> {
        self.body.as_ref().ok_or_else(open)
    }

    /// # Errors
    /// As [`Model::body`].
    pub fn body_mut(&mut self) -> Result<&mut Body, Error> {
        self.body.as_mut().ok_or_else(open)
    }

    /// Natural elements of all parameters; 0 while the vocabulary is open.
    pub fn parameter_count(&self) -> usize {
        self.body.as_ref().map_or(0, |body| body.network.table().count())
    }

    /// One line a parameter: name, shape, count, and the sum at the end.
    pub fn summary(&self) -> String {
        let Some(body) = &self.body else { return "vocabulary: open until the first fit".into() };
        let entries = body.network.table().entries();
        let width = entries.iter().map(|p| p.name.len()).max().unwrap_or(0).max("parameters".len());
        let mut lines = String::new();
        for p in entries {
            let frozen = match (p.trainable, p.role.is_buffer()) {
                (true, _) => "",
                (false, true) => "  (running)",
                (false, false) => "  (not trained)",
            };
            let shape = text::shape(&p.shape);
            // Writing to a String cannot fail.
            let _ = writeln!(lines, "{:width$}  {shape:>14}  {:>9}{frozen}", p.name, p.count());
        }
        let _ = write!(lines, "{:width$}  {:>14}  {:>9}", "parameters", "", self.parameter_count());
        if self.relaxed {
            lines.push_str("\ntrained in relaxed arithmetic (retrograd/fast)");
        }
        lines
    }

    /// All parameters by name, in their natural shapes.
    ///
    /// # Errors
    /// As [`Model::body`].
    pub fn parameters(&self) -> Result<Bundle, Error> {
        let body = self.body()?;
        let mut bundle = Bundle::default();
        write_flat(body.network.table(), &body.params, "", &mut bundle);
        Ok(bundle)
    }

    /// Replaces parameters by name. When `strict`, names have to match one to one; else unknown ones are skipped and
    /// missing ones stay. All or nothing: a wrong one leaves every weight as it was.
    ///
    /// # Errors
    /// `ConfigError` for names, `ShapeError` for shapes, `DataError` for numbers that are not finite.
    pub fn set_parameters(&mut self, bundle: Bundle, strict: bool) -> Result<(), Error> {
        let Body { network, params, .. } = self.body.as_mut().ok_or_else(open)?;
        let table = network.table();
        let known = |name: &str| table.find(name).is_some();
        if strict {
            let unexpected: Vec<_> = bundle.tensors.iter().map(|t| t.name.as_str()).filter(|n| !known(n)).collect();
            let given = |name: &str| bundle.find(name).is_some();
            let names = table.entries().iter().map(|p| p.name.as_str());
            let missing: Vec<_> = names.filter(|n| !given(n)).collect();
            if !(unexpected.is_empty() && missing.is_empty()) {
                let received = format!("missing [{}], unexpected [{}]", missing.join(", "), unexpected.join(", "));
                let error = Error::config("parameters", "exactly the model's parameters", received);
                return Err(error.code("wrongParameters"));
            }
        }
        let mut replaced = params.clone();
        for tensor in &bundle.tensors {
            let Some(index) = table.find(&tensor.name) else { continue };
            let path = format!("parameters[{}]", text::quoted(&tensor.name));
            let expected = &table.entries()[index].shape;
            if &tensor.shape != expected {
                return Err(Error::shape(path, text::shape(expected), text::shape(&tensor.shape)));
            }
            let Elements::F32(natural) = &tensor.elements else {
                return Err(Error::data(path, "numbers", tensor.elements.dtype()));
            };
            if let Some(i) = linalg::first_non_finite(natural) {
                return Err(Error::data(
                    format!("{path}[{i}]"),
                    "a finite number",
                    text::number(f64::from(natural[i])),
                ));
            }
            table.import(index, natural, &mut replaced);
        }
        *params = replaced;
        // The saved run would go on from other weights.
        self.saved = None;
        Ok(())
    }
}

fn open() -> Error {
    let message = "the model's vocabulary is open until the first fit; call fit first, or name the characters";
    Error::new(ErrorClass::Config, "openVocabulary", message)
}

/// The recurrent layers of a network, in the order of its states.
pub fn recurrent(network: &Network) -> impl Iterator<Item = &Recurrent> {
    network.layers().iter().filter_map(|layer| match layer {
        Layer::Recurrent(layer) => Some(layer),
        _ => None,
    })
}
