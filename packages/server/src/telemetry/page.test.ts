import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { type Page, PageComposer } from "./page.ts";

const textOf = ({ pieces }: Page) =>
	pieces.map((piece) => Buffer.from(piece).toString()).join("");

/** Parts that each take a while, and turns that a test lets happen. */
class Bench {
	nowUs = 0;
	readonly log: string[] = [];
	#turns: (() => void)[] = [];
	readonly composer: PageComposer;

	constructor(partCount: number, partUs: number, sliceUs: number) {
		let pages = 0;
		this.composer = new PageComposer({
			parts: () => this.#parts(++pages, partCount, partUs),
			sliceUs,
			nowUs: () => this.nowUs,
			nextTurn: () =>
				new Promise((turn) => {
					this.log.push("turn");
					this.#turns.push(turn);
				}),
		});
	}

	*#parts(page: number, count: number, partUs: number): Generator<string> {
		for (let i = 1; i <= count; i++) {
			this.nowUs += partUs;
			this.log.push(`${page}.${i}`);
			yield `${page}.${i};`;
		}
	}

	/** Until nothing waits for a turn. */
	async run(): Promise<void> {
		for (;;) {
			await new Promise(setImmediate);
			const turns = this.#turns.splice(0);
			if (turns.length === 0) return;
			for (const turn of turns) turn();
		}
	}
}

describe("a page in slices", () => {
	test("lets others have their turn when a slice is used up", async () => {
		const bench = new Bench(5, 90, 200);
		const page = bench.composer.compose();
		assert.deepEqual(bench.log, ["1.1", "1.2", "1.3", "turn"]);
		await bench.run();
		assert.equal(textOf(await page), "1.1;1.2;1.3;1.4;1.5;");
		assert.deepEqual(bench.log.slice(3), ["turn", "1.4", "1.5"]);
	});

	test("takes no turn when there is little to say", async () => {
		const bench = new Bench(2, 90, 200);
		assert.equal(textOf(await bench.composer.compose()), "1.1;1.2;");
		assert.deepEqual(bench.log, ["1.1", "1.2"]);
	});

	test("whoever asks meanwhile shares the next one, which begins after they asked", async () => {
		const bench = new Bench(3, 100, 200);
		const first = bench.composer.compose();
		const late = [bench.composer.compose(), bench.composer.compose()];
		await bench.run();
		assert.match(textOf(await first), /^1\./);
		assert.equal((await late[0]!).pieces, (await late[1]!).pieces);
		assert.match(textOf(await late[0]!), /^2\.1;2\.2;2\.3;$/);
		const again = bench.composer.compose();
		await bench.run();
		assert.match(textOf(await again), /^3\./);
	});

	test("that fails is told to those who wait, and the next one is not hurt", async () => {
		let pages = 0;
		const composer = new PageComposer({
			parts: function* () {
				yield "a";
				if (++pages === 1) throw new Error("broken");
			},
			sliceUs: 0,
		});
		const first = composer.compose();
		const second = composer.compose();
		await assert.rejects(first, /broken/);
		assert.equal(textOf(await second), "a");
		assert.equal(textOf(await composer.compose()), "a");
	});

	test("is written in memory of the page before, once nobody reads that any more", async () => {
		const composer = new PageComposer({
			parts: () => ["räder 車輪 🚗 ", "x".repeat(100_000), " end"],
		});
		const text = `räder 車輪 🚗 ${"x".repeat(100_000)} end`;
		const memoryOf = ({ pieces }: Page) => pieces.map(({ buffer }) => buffer);
		const [first, shared] = await Promise.all([
			composer.compose(),
			composer.compose().then(async () => composer.compose()),
		]);
		assert.equal(textOf(first), text);
		first.release();
		first.release();
		const second = await composer.compose();
		assert.equal(textOf(second), text);
		assert.ok(memoryOf(first).includes(memoryOf(second)[0]!));
		assert.ok(!memoryOf(shared).includes(memoryOf(second)[0]!));
		const third = await composer.compose();
		assert.ok(!memoryOf(second).includes(memoryOf(third)[0]!));
		assert.equal(textOf(second), text);
	});

	test("that two share is let go when both have", async () => {
		const composer = new PageComposer({ parts: () => ["a"] });
		const first = composer.compose();
		const both = await Promise.all([composer.compose(), composer.compose()]);
		(await first).release();
		const memory = both[0].pieces[0]!.buffer;
		both[0].release();
		const other = await composer.compose();
		const another = await composer.compose();
		for (const { pieces } of [other, another])
			assert.notEqual(pieces[0]!.buffer, memory);
		both[1].release();
		assert.equal((await composer.compose()).pieces[0]!.buffer, memory);
	});
});
