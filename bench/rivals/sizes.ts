/** The character model's sizes: tokens → embedding → GRU → dense over the tokens, the next one at each step, cross-entropy, Adam. */
export const characters = { tokens: 256, embedding: 32, hiddenSize: 64, steps: 64, batch: 32 };
/** The online task's: LSTM → dense 1, squared error, an update after each time step that goes back one step, SGD. */
export const online = { hiddenSize: 32, inputs: 8, learningRate: 1e-3 };
