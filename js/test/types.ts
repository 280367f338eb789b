// Uses every declaration; `tsc -p test` must find nothing, and must find each error that is expected.
import { AlbertError, Model, Prototypes, fetchModel, init, pipeline } from "albert-edge";
import { classifier } from "albert-edge/classify";
import { fit } from "albert-edge/fit";
import type { Example, FitReport } from "albert-edge/fit";
import type { Entity, Label, Pipeline, TaskName } from "albert-edge";

export async function uses(): Promise<void> {
  const classify = await pipeline("text-classification", {
    model: "/clinc-intents-int8.albert",
    worker: true,
    progress: (loaded: number, total: number | undefined) => console.log(loaded, total),
    top_k: 3,
  });
  const labels: Label[] = await classify("what is the weather like", { top_k: 3 });
  const lists: Label[][] = await classify(["a", { text: "b", text_pair: "c" }], { signal: new AbortController().signal });
  for await (const each of classify.stream(["a"])) console.log(each[0]?.label, labels, lists);

  const alone = await classifier({ model: "/m.albert", top_k: 2, worker: true });
  const best: Label[] = await alone("a");
  console.log(best);

  const tag = await pipeline("token-classification", { model: new URL("file:///m.albert"), aggregation_strategy: "simple" });
  const entities: Entity[] = await tag("Find Four Songs");
  const embed = await pipeline("sentence-embedding", { model: new Uint8Array(0), normalize: true });
  const vector: Float32Array = await embed("a");
  const rank = await pipeline("reranking", { model: new Blob([]) });
  const { corpus_id, score } = (await rank("query", ["a", "b"]))[0]!;
  const any: Pipeline<TaskName> = await pipeline(undefined, { model: await fetch("/m.albert") });
  console.log(entities, vector, corpus_id, score, any.info.isa, await any.memory());

  await init(new WebAssembly.Module(new Uint8Array(0)));
  const model = await Model.load(await fetchModel("/m.albert", { checksum: "00", cache: false }), { wasm: "/albert.wasm" });
  const own = await pipeline("text-classification", { model: "/m.albert", head: "/own.head" });
  const examples: Example[] = [{ text: "a", label: "b" }, { text: "c", pair: "d", label: ["e", "f"] }];
  const progress = ({ stage, done, total }: { stage: string; done: number; total: number }) => console.log(stage, done, total);
  const made = await fit("/m.albert", examples, { folds: 3, pooling: "mean", progress, signal: new AbortController().signal });
  const report: FitReport = made.report;
  console.log(report.folds[0]?.macro_f1, made.modelFile.length);
  await pipeline("text-classification", { model: "/m.albert", head: made.headFile });
  const taught = await Prototypes.create(2, 52);
  taught.add(0, await embed("a"));
  const nearest: { label: number; cosine: number } | null = taught.nearest(vector);
  console.log(own.info.labels, nearest?.label, (await Prototypes.fromBytes(taught.toBytes())).examples(0));
  const runner = model.task("question-answering", { doc_stride: 64 });
  const answers: { answer: string; start: number }[] = runner.run({ question: "q", context: "c" });
  const ids: number[] = model.tokenize("a", "b").input_ids;
  const logits: Float32Array = model.logits({ input_ids: ids });
  model.verify();
  runner.close();
  model.close();
  console.log(answers, logits, new AlbertError("no").message);

  // @ts-expect-error no such task
  await pipeline("translation", { model: "m.albert" });
  // @ts-expect-error a pipeline needs a model
  await pipeline("fill-mask", {});
  // @ts-expect-error no such option
  await pipeline("fill-mask", { model: "m.albert", temperature: 2 });
  // @ts-expect-error an option of another task
  await classifier({ model: "m.albert", stride: 2 });
  // @ts-expect-error an example needs a label
  await fit("m.albert", [{ text: "a" }]);
  // @ts-expect-error a text, not a number
  await classify(1);
}
