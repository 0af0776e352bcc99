//! From the user's units to the network's and back. The constants are fitted on the training part of the first fit.

pub mod calendar;
pub mod scaler;
pub mod series;

use crate::bundle::Bundle;
use crate::describe::model::{Input, ModelDescription, Scale, Target};
use crate::error::{Error, ErrorClass};
use scaler::Scaler;
use series::SeriesEncoding;
use std::rc::Rc;

/// The constants of a model, absent until they are fitted.
#[derive(Clone, Debug, Default)]
pub struct Encoding {
    pub input: Option<Rc<Scaler>>,
    pub output: Option<Rc<Scaler>>,
    pub series: Option<Rc<SeriesEncoding>>,
}

impl Encoding {
    /// What the description asks to be fitted: input, output, series.
    fn wanted(description: &ModelDescription) -> (bool, bool, bool) {
        let scaled = |scale: Scale| scale != Scale::None;
        let input = matches!(&description.input, Input::Values { scale, .. } if scaled(*scale));
        let output = matches!(&description.output.target, Target::Values { scale, .. } if scaled(*scale));
        (input, output, matches!(description.input, Input::Series(_)))
    }

    pub fn fitted(&self, description: &ModelDescription) -> bool {
        let (input, output, series) = Encoding::wanted(description);
        (!input || self.input.is_some()) && (!output || self.output.is_some()) && (!series || self.series.is_some())
    }

    /// # Errors
    /// `ConfigError` when there are constants to be fitted first.
    pub fn require(&self, description: &ModelDescription) -> Result<(), Error> {
        if self.fitted(description) {
            return Ok(());
        }
        let message = "the model scales its data by constants that the first fit finds; call fit first";
        Err(Error::new(ErrorClass::Config, "notFitted", message))
    }

    pub fn write(&self, into: &mut Bundle) {
        if let Some(scaler) = &self.input {
            scaler.write("encoding.input", into);
        }
        if let Some(scaler) = &self.output {
            scaler.write("encoding.output", into);
        }
        if let Some(series) = &self.series {
            series.write(into);
        }
    }

    /// # Errors
    /// `FormatError` for constants that do not fit the description.
    pub fn read(description: &ModelDescription, from: &mut Bundle) -> Result<Encoding, Error> {
        let (input, output, _) = Encoding::wanted(description);
        let mut encoding = Encoding::default();
        if let Input::Values { size, .. } = description.input
            && input
        {
            encoding.input = Scaler::read("encoding.input", size, from)?.map(Rc::new);
        }
        if let Target::Values { size, .. } = description.output.target
            && output
        {
            encoding.output = Scaler::read("encoding.output", size, from)?.map(Rc::new);
        }
        if let Input::Series(plan) = &description.input {
            encoding.series = SeriesEncoding::read(plan.clone(), from)?.map(Rc::new);
        }
        Ok(encoding)
    }
}
