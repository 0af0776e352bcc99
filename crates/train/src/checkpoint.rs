//! Models as files: safetensors whose parameters carry PyTorch's names, with description, version and checksum as
//! metadata; and, for training, everything that a run needs to go on bit for bit. NOT: the container (bundle).

use crate::bundle::Bundle;
use crate::encoding::Encoding;
use crate::error::Error;
use crate::file::File;
use crate::hash::Fnv;
use crate::model::Model;
use crate::session::Session;
use crate::session::saved::SavedRun;
use crate::update::read_flat;

const FORMAT: &str = "retrograd";
const VERSION: u32 = 1;
const RELAXED: &str = "relaxed";
const NO_CHECKSUM: &str = "0000000000000000";

/// The file of a model. `session` is the run that goes on; without one, the saved run is written. `training: false`
/// leaves both out.
///
/// # Errors
/// `MemoryError` when the file does not fit.
pub fn save(model: &Model, session: Option<&Session>, training: bool) -> Result<Vec<u8>, Error> {
    let mut file = File::default();
    file.note("format", FORMAT);
    file.note("version", VERSION.to_string());
    file.note("description", model.description.to_json());
    file.note("arithmetic", if model.relaxed { RELAXED } else { "strict" });
    file.note("checksum", NO_CHECKSUM);
    // While the vocabulary is open there are no weights.
    if let Ok(body) = model.body() {
        file.flat(body.network.table(), &body.params, "");
        let mut constants = Bundle::default();
        model.encoding.write(&mut constants);
        file.add(constants);
        let run = session.map(Session::state).or(model.saved.as_ref().map(SavedRun::state));
        if let Some(run) = run.filter(|_| training) {
            run.write(&body.network, &mut file);
        }
    }
    let mut file = file.write()?;
    let at = checksum_at(&file).expect("it was just written");
    let sum = checksum(&file, at);
    file[at..at + NO_CHECKSUM.len()].copy_from_slice(sum.as_bytes());
    Ok(file)
}

/// A model from its file.
///
/// # Errors
/// `FormatError` for a file that is truncated, altered, of another kind or of a newer version.
pub fn load(file: &[u8]) -> Result<Model, Error> {
    let mut bundle = Bundle::read(file)?;
    if bundle.metadata("format") != Some(FORMAT) {
        let message = "a safetensors file without a model's description; parameters alone go in by setParameters";
        return Err(Error::format(message));
    }
    let version = bundle.metadata("version").unwrap_or_default();
    match version.parse::<u32>() {
        Ok(v) if v <= VERSION => {}
        Ok(v) => {
            let message = format!("the file is of version {v}, newer than {VERSION}, the newest that is read here");
            return Err(Error::format(message).code("newerVersion"));
        }
        Err(_) => return Err(Error::format("the file's version is not readable")),
    }
    let stored = bundle.metadata("checksum").unwrap_or_default();
    if checksum_at(file).is_none_or(|at| checksum(file, at) != stored) {
        return Err(Error::format("the file was altered: its checksum does not match").code("alteredFile"));
    }
    let unreadable = |e: Error| Error::format(format!("the file's description is not usable: {}", e.message));
    let description = bundle.metadata("description").unwrap_or_default();
    let mut model = Model::blank(description).map_err(unreadable)?;
    model.relaxed = bundle.metadata("arithmetic") == Some(RELAXED);
    model.encoding = Encoding::read(&model.description, &mut bundle)?;
    if let Ok(body) = model.body_mut() {
        read_flat(body.network.table(), &mut body.params, "", &mut bundle)?;
        model.saved = SavedRun::read(&model.body()?.network, &mut bundle)?;
    }
    Ok(model)
}

/// Where the checksum's digits stand.
fn checksum_at(file: &[u8]) -> Option<usize> {
    const KEY: &[u8] = b"\"checksum\":\"";
    let found = file.windows(KEY.len()).position(|w| w == KEY)? + KEY.len();
    (found + NO_CHECKSUM.len() <= file.len()).then_some(found)
}

/// Of the whole file, with zeros in the place of the checksum itself.
fn checksum(file: &[u8], at: usize) -> String {
    let mut hash = Fnv::default();
    hash.add(&file[..at]);
    hash.add(NO_CHECKSUM.as_bytes());
    hash.add(&file[at + NO_CHECKSUM.len()..]);
    hash.hex()
}
