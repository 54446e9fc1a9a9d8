// How good a detector is: the area under precision over recall, for each class, and their mean. Precision is taken as the
// best at this recall or beyond it (PASCAL VOC from 2010 on, http://host.robots.ox.ac.uk/pascal/VOC/voc2012/devkit_doc.pdf
// section 3.4.1), over all scenes together.

/** What a detector said about one scene, as a struct of arrays. */
export interface ScoredBoxes {
	readonly count: number;
	readonly scores: ArrayLike<number>;
	readonly classIds: ArrayLike<number>;
}

/** Something that is there. */
export interface TrueBox {
	readonly classId: number;
	/** False: to find it is neither right nor wrong, such as what is too far away. */
	readonly counts: boolean;
}

export interface PrecisionResult {
	/** Over the classes of which anything was there; NaN when nothing was. */
	readonly mean: number;
	/** NaN for a class of which nothing was there. */
	readonly perClass: readonly number[];
	readonly trueCounts: readonly number[];
}

interface Claim {
	readonly score: number;
	readonly isRight: boolean;
}

export class PrecisionTally {
	readonly #iouThreshold: number;
	readonly #claims: Claim[][];
	readonly #trueCounts: number[];

	/** @param iouThreshold that a box has to reach to be right. */
	constructor(classCount: number, iouThreshold: number) {
		this.#iouThreshold = iouThreshold;
		this.#claims = Array.from({ length: classCount }, () => []);
		this.#trueCounts = new Array<number>(classCount).fill(0);
	}

	/** @param overlap intersection over union of detection `d` and truth `t`. */
	addScene(
		detections: ScoredBoxes,
		truths: readonly TrueBox[],
		overlap: (d: number, t: number) => number,
	): void {
		for (const truth of truths)
			if (truth.counts) this.#trueCounts[truth.classId]!++;
		const order = Array.from({ length: detections.count }, (_, d) => d).sort(
			(a, b) => detections.scores[b]! - detections.scores[a]!,
		);
		const taken = new Set<number>();
		for (const d of order) {
			const classId = detections.classIds[d]!;
			const found = this.#best(truths, classId, taken, (t) => overlap(d, t));
			if (found !== null) {
				taken.add(found);
				if (!truths[found]!.counts) continue;
			}
			this.#claims[classId]!.push({
				score: detections.scores[d]!,
				isRight: found !== null,
			});
		}
	}

	result(): PrecisionResult {
		const perClass = this.#claims.map((claims, classId) =>
			averagePrecision(claims, this.#trueCounts[classId]!),
		);
		const known = perClass.filter((value) => !Number.isNaN(value));
		const sum = known.reduce((total, value) => total + value, 0);
		return {
			mean: sum / known.length,
			perClass,
			trueCounts: [...this.#trueCounts],
		};
	}

	/** The free truth of this class that overlaps most, one that counts before one that does not. */
	#best(
		truths: readonly TrueBox[],
		classId: number,
		taken: ReadonlySet<number>,
		overlap: (t: number) => number,
	): number | null {
		let best: number | null = null;
		let bestOverlap = 0;
		for (const [t, truth] of truths.entries()) {
			if (truth.classId !== classId || taken.has(t)) continue;
			const shared = overlap(t);
			if (shared < this.#iouThreshold) continue;
			const isBetter =
				best === null ||
				(truth.counts === truths[best]!.counts
					? shared > bestOverlap
					: truth.counts);
			if (!isBetter) continue;
			best = t;
			bestOverlap = shared;
		}
		return best;
	}
}

function averagePrecision(claims: readonly Claim[], trueCount: number): number {
	if (trueCount === 0) return Number.NaN;
	const sorted = claims.toSorted((a, b) => b.score - a.score);
	const precisions: number[] = [];
	let right = 0;
	for (const [i, claim] of sorted.entries()) {
		if (claim.isRight) right++;
		precisions.push(right / (i + 1));
	}
	let area = 0;
	let best = 0;
	for (let i = sorted.length - 1; i >= 0; i--) {
		best = Math.max(best, precisions[i]!);
		if (sorted[i]!.isRight) area += best;
	}
	return area / trueCount;
}
