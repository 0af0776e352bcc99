/** Compiled, never run: the package's types and the contract's are assignable to each other, each by name. */
import type * as ours from "retrograd";
import type * as contract from "./api.js";

/** Methods as properties: a method's parameters are compared loosely, a function's strictly. */
type Strict<T> = T extends (...a: never[]) => unknown
  ? T
  : { [K in keyof T]: T[K] extends ((...a: infer P) => infer R) | undefined ? (...a: P) => R : T[K] };

type Both<A, B> = [Strict<A>] extends [Strict<B>]
  ? [Strict<B>] extends [Strict<A>]
    ? true
    : "the contract's is wider than ours"
  : "ours is wider than the contract's";

function same<_ extends true>(): void {}

// values
same<Both<ours.Numbers, contract.Numbers>>();
same<Both<ours.TensorLike, contract.TensorLike>>();
same<Both<ours.Nested, contract.Nested>>();
same<Both<ours.Tensor, contract.Tensor>>();
same<Both<ours.Sequence, contract.Sequence>>();
same<Both<ours.Sequences, contract.Sequences>>();
same<Both<ours.Targets, contract.Targets>>();
same<Both<ours.State, contract.State>>();
same<Both<ours.Samples, contract.Samples>>();
same<Both<ours.Table, contract.Table>>();
same<Both<ours.BatchSource, contract.BatchSource>>();
same<Both<ours.Data, contract.Data>>();

// descriptions
same<Both<ours.Scale, contract.Scale>>();
same<Both<ours.Series, contract.Series>>();
same<Both<ours.Input, contract.Input>>();
same<Both<ours.Output, contract.Output>>();
same<Both<ours.ModelDescription, contract.ModelDescription>>();
same<Both<ours.Recurrent, contract.Recurrent>>();
same<Both<ours.Rate, contract.Rate>>();
same<Both<ours.RunDescription, contract.RunDescription>>();

// runs
same<Both<ours.RunControls, contract.RunControls>>();
same<Both<ours.Progress, contract.Progress>>();
same<Both<ours.History, contract.History>>();
same<Both<ours.Run, contract.Run>>();

// the model
same<Both<ours.Prediction, contract.Prediction>>();
same<Both<ours.FindOptions, contract.FindOptions>>();
same<Both<ours.RatesFound, contract.RatesFound>>();
same<Both<ours.Gradients, contract.Gradients>>();
same<Both<ours.Generation, contract.Generation>>();
same<Both<ours.Model, contract.Model>>();
same<Both<ours.Trainer, contract.Trainer>>();
same<Both<ours.Learner, contract.Learner>>();
same<Both<ours.Runtime, contract.Runtime>>();
same<Both<ours.Search, contract.Search>>();
same<Both<ours.Trial, contract.Trial>>();
same<Both<ours.Choice, contract.Choice>>();
same<Both<ours.RetrogradError, contract.RetrogradError>>();
same<Both<ours.BusyError, contract.BusyError>>();

/** Functions: what they take must be as wide, what they give as narrow. */
type Name = {
  [K in keyof typeof contract]: (typeof contract)[K] extends abstract new (...a: never[]) => unknown ? never : K;
}[keyof typeof contract];
type Takes<K extends Name> = Both<Parameters<(typeof ours)[K]>, Parameters<(typeof contract)[K]>>;
type Gives<K extends Name> = ReturnType<(typeof ours)[K]> extends ReturnType<(typeof contract)[K]> ? true : K;
same<Takes<"createModel">>();
same<Takes<"loadModel">>();
same<Takes<"readSafetensors">>();
same<Takes<"writeSafetensors">>();
same<Takes<"search">>();
same<Takes<"choice">>();
same<Takes<"logUniform">>();
same<Takes<"lstm">>();
same<Takes<"gru">>();
same<Takes<"rnn">>();
same<Takes<"dense">>();
same<Takes<"embedding">>();
same<Takes<"dropout">>();
same<Takes<"noise">>();
same<Takes<"layerNorm">>();
same<Takes<"rmsNorm">>();
same<Takes<"batchNorm">>();
same<Takes<"adam">>();
same<Takes<"adamw">>();
same<Takes<"sgd">>();
same<Takes<"rmsprop">>();
same<Takes<"stepDecay">>();
same<Takes<"cosineDecay">>();
// Each function of the contract is there, and gives what it promises.
same<{ [K in Name]: Gives<K> }[Name]>();
