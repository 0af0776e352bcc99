//! The table of parameters: names and shapes as PyTorch has them, places in the flat buffer.

/// What a parameter is for; penalties and initialisers go by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// `weight_ih` of a recurrent layer.
    InputWeight,
    /// `weight_hh` of a recurrent layer.
    RecurrentWeight,
    Bias,
    /// Weight of a dense layer.
    Weight,
    Embedding,
}

/// How the natural tensor lies in the flat buffer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// Natural order, zeros after the end.
    Plain,
    /// Panels of eight columns (outputs). Each block is a panel matrix `[inputs, n]` of its own and lists the natural gates, in
    /// the order in which their columns (`unit` each) stand in it.
    Panels { blocks: Vec<Vec<usize>>, unit: usize },
}

/// One parameter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// PyTorch's name after the layer's: `0.weight_ih_l0`, `decoder.bias`.
    pub name: String,
    /// Natural shape: `[4H, I]`, `[O]`.
    pub shape: Vec<usize>,
    /// First element in the flat buffer, a multiple of 8.
    pub offset: usize,
    /// Elements in the flat buffer, with padding (which is zero and stays zero).
    pub len: usize,
    pub role: Role,
    pub trainable: bool,
    /// Index into the network's layers.
    pub layer: usize,
    /// Gate blocks of the natural first axis (1 outside recurrent layers).
    pub gates: usize,
    pub(crate) layout: Layout,
}

impl Parameter {
    /// Number of natural elements.
    pub fn count(&self) -> usize {
        self.shape.iter().product()
    }

    /// Its place in the flat buffer.
    pub fn range(&self) -> std::ops::Range<usize> {
        self.offset..self.offset + self.len
    }
}

/// All parameters of a network, in the order of their offsets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParameterTable {
    pub(crate) entries: Vec<Parameter>,
    pub(crate) len: usize,
}

impl ParameterTable {
    pub fn entries(&self) -> &[Parameter] {
        &self.entries
    }

    /// Length of the flat buffer.
    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Number of natural elements of all parameters.
    pub fn count(&self) -> usize {
        self.entries.iter().map(Parameter::count).sum()
    }

    /// Index of the parameter of this name.
    pub fn find(&self, name: &str) -> Option<usize> {
        self.entries.iter().position(|entry| entry.name == name)
    }

    /// Writes the natural tensor of parameter `index` into the flat buffer.
    ///
    /// # Panics
    /// When `natural` has another length than the parameter.
    pub fn import(&self, index: usize, natural: &[f32], flat: &mut [f32]) {
        let _ = (index, natural, flat);
        unimplemented!()
    }

    /// Reads the natural tensor of parameter `index` out of a flat buffer (of parameters, gradients or moments).
    ///
    /// # Panics
    /// When `natural` has another length than the parameter.
    pub fn export(&self, index: usize, flat: &[f32], natural: &mut [f32]) {
        let _ = (index, natural, flat);
        unimplemented!()
    }
}
