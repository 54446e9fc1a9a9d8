// One request from here: a picture that is dropped, or numbers at random, and what the model answers.
import {
	HttpClient,
	type InferResponse,
	isClientError,
	type Tensor,
} from "@saccade/client";
import type { ModelEntry, TensorEntry } from "@saccade/protocol/console";
import { useRef, useState } from "preact/hooks";
import { ms, shape } from "../../data/format.ts";
import { Panel } from "../../ui/panel.tsx";
import { type OutputSummary, summarise } from "./output-summary.ts";
import { packPicture, pictureInput } from "./picture-input.ts";
import { randomTensor } from "./random-tensor.ts";

type Serving = NonNullable<ModelEntry["serving"]>;

type Attempt =
	| { readonly kind: "none" }
	| { readonly kind: "running" }
	| { readonly kind: "refused"; readonly text: string; readonly code: string }
	| {
			readonly kind: "answered";
			readonly tookMs: number;
			readonly outputs: readonly OutputSummary[];
	  };

const client = new HttpClient(location.origin);
const DEADLINE_MS = 10_000;

export function TryIt(props: {
	readonly model: ModelEntry;
	readonly serving: Serving;
}) {
	const { model, serving } = props;
	const [attempt, setAttempt] = useState<Attempt>({ kind: "none" });
	const [isOver, setIsOver] = useState(false);
	const preview = useRef<HTMLCanvasElement>(null);
	const [only] = serving.inputs;
	const picture =
		serving.inputs.length === 1 && only !== undefined
			? pictureInput(only)
			: null;

	const run = async (inputs: () => Promise<Tensor[]>) => {
		setAttempt({ kind: "running" });
		try {
			const tensors = await inputs();
			const beginMs = performance.now();
			const answer: InferResponse = await client.infer({
				model: model.name,
				version: model.version,
				inputs: tensors,
				deadlineMs: DEADLINE_MS,
			});
			const tookMs = performance.now() - beginMs;
			setAttempt({
				kind: "answered",
				tookMs,
				outputs: answer.outputs.map(summarise),
			});
		} catch (error) {
			setAttempt({
				kind: "refused",
				code: isClientError(error) ? error.code : "",
				text: error instanceof Error ? error.message : String(error),
			});
		}
	};
	const runPicture = (file: Blob | undefined) => {
		if (file === undefined || picture === null) return;
		void run(async () => [await packPicture(file, picture, preview.current)]);
	};
	const runRandom = () =>
		void run(async () =>
			serving.inputs.map((input: TensorEntry) => randomTensor(input)),
		);

	return (
		<Panel
			title="Try it"
			aside={
				<button
					type="button"
					class="button"
					onClick={runRandom}
					disabled={attempt.kind === "running"}
				>
					Send random numbers
				</button>
			}
		>
			<div class="try-it">
				{picture !== null && (
					<label
						class="drop"
						data-over={isOver}
						onDragOver={(event) => {
							event.preventDefault();
							setIsOver(true);
						}}
						onDragLeave={() => setIsOver(false)}
						onDrop={(event) => {
							event.preventDefault();
							setIsOver(false);
							runPicture(event.dataTransfer?.files[0]);
						}}
					>
						<canvas
							ref={preview}
							width={picture.width}
							height={picture.height}
						/>
						<span>
							Drop a picture here, or <u>choose one</u>; it is fitted to{" "}
							{picture.width} × {picture.height}.
						</span>
						<input
							class="visually-hidden"
							type="file"
							accept="image/*"
							onChange={(event) => runPicture(event.currentTarget.files?.[0])}
						/>
					</label>
				)}
				<div class="grow" aria-live="polite">
					<Answer attempt={attempt} />
				</div>
			</div>
		</Panel>
	);
}

function Answer({ attempt }: { readonly attempt: Attempt }) {
	switch (attempt.kind) {
		case "none":
			return (
				<p class="dim">
					The answer appears here, with the time it took from this browser and
					back.
				</p>
			);
		case "running":
			return <p class="dim">Running…</p>;
		case "refused":
			return (
				<p class="bad" role="alert">
					{attempt.code !== "" && <b class="mono">{attempt.code} </b>}
					{attempt.text}
				</p>
			);
		case "answered":
			return (
				<>
					<p>
						Answered in <b class="num">{ms(attempt.tookMs)}</b>
					</p>
					<table class="grid">
						<thead>
							<tr>
								<th class="left">Output</th>
								<th class="left">Type</th>
								<th>Lowest</th>
								<th>Mean</th>
								<th>Highest</th>
								<th class="left">Largest, or first</th>
							</tr>
						</thead>
						<tbody>
							{attempt.outputs.map((output) => (
								<tr key={output.name}>
									<td class="left mono">{output.name}</td>
									<td class="left mono dim">
										{output.datatype} {shape(output.shape)}
									</td>
									<td class="num">{output.low}</td>
									<td class="num">{output.mean}</td>
									<td class="num">{output.high}</td>
									<td class="left mono wrap">{output.most}</td>
								</tr>
							))}
						</tbody>
					</table>
				</>
			);
	}
}
