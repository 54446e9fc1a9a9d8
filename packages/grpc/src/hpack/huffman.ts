// Huffman decoding of header strings (RFC 7541, 5.2): a state machine that eats a nibble per step. States are the
// inner nodes of the code tree; a nibble completes at most one symbol, because no code is shorter than 5 bits.
import { HUFFMAN_LENGTHS } from "./tables.ts";

const EOS = 256;
const EOS_LENGTH = 30;
const FAIL = -1;
const NO_SYMBOL = -1;

interface Machine {
	/** state * 16 + nibble → next state, or FAIL */
	readonly next: Int16Array;
	/** state * 16 + nibble → completed octet, or NO_SYMBOL */
	readonly symbol: Int16Array;
	/** 1 where the input may end: at a symbol, or inside fewer than 8 bits of padding by ones */
	readonly mayEnd: Uint8Array;
}

/** A node of the code tree: each child is a node's index, or ~symbol. Null: not yet assigned. */
type TreeNode = [zero: number | null, one: number | null];

function buildTree(): TreeNode[] {
	const tree: TreeNode[] = [[null, null]];
	const symbols = HUFFMAN_LENGTHS.map((length, symbol) => ({ length, symbol }));
	symbols.push({ length: EOS_LENGTH, symbol: EOS });
	symbols.sort((a, b) => a.length - b.length || a.symbol - b.symbol);
	let code = 0;
	let previousLength = symbols[0]!.length;
	for (const { length, symbol } of symbols) {
		code <<= length - previousLength;
		previousLength = length;
		insert(tree, code, length, symbol);
		code++;
	}
	return tree;
}

function insert(
	tree: TreeNode[],
	code: number,
	length: number,
	symbol: number,
): void {
	let node = tree[0]!;
	for (let shift = length - 1; shift > 0; shift--) {
		const bit = (code >>> shift) & 1;
		let child = node[bit] ?? null;
		if (child === null) {
			child = tree.push([null, null]) - 1;
			node[bit] = child;
		}
		node = tree[child]!;
	}
	node[code & 1] = ~symbol;
}

function buildMachine(): Machine {
	const tree = buildTree();
	const next = new Int16Array(tree.length * 16);
	const symbol = new Int16Array(tree.length * 16).fill(NO_SYMBOL);
	for (let state = 0; state < tree.length; state++) {
		for (let nibble = 0; nibble < 16; nibble++) {
			let at = state;
			for (let shift = 3; shift >= 0 && at !== FAIL; shift--) {
				const child: number | null = tree[at]![(nibble >> shift) & 1] ?? null;
				if (child === null || child === ~EOS) {
					at = FAIL;
				} else if (child < 0) {
					symbol[state * 16 + nibble] = ~child;
					at = 0;
				} else {
					at = child;
				}
			}
			next[state * 16 + nibble] = at;
		}
	}
	return { next, symbol, mayEnd: paddingStates(tree) };
}

function paddingStates(tree: readonly TreeNode[]): Uint8Array {
	const mayEnd = new Uint8Array(tree.length);
	let at = 0;
	for (let bits = 0; bits < 8; bits++) {
		mayEnd[at] = 1;
		at = tree[at]![1] ?? 0;
	}
	return mayEnd;
}

const machine = buildMachine();
// The shortest code has 5 bits: a string grows by at most 8/5.
let scratch = Buffer.allocUnsafeSlow(4096);

/** Decodes `bytes[start, end)` to a latin-1 string; null when the code or its padding is wrong. */
export function decodeHuffman(
	bytes: Uint8Array,
	start: number,
	end: number,
): string | null {
	const worst = Math.ceil(((end - start) * 8) / 5);
	if (worst > scratch.length) scratch = Buffer.allocUnsafeSlow(worst * 2);
	const { next, symbol } = machine;
	let state = 0;
	let length = 0;
	for (let at = start; at < end; at++) {
		const octet = bytes[at]!;
		let key = state * 16 + (octet >> 4);
		state = next[key]!;
		if (state === FAIL) return null;
		if (symbol[key]! !== NO_SYMBOL) scratch[length++] = symbol[key]!;
		key = state * 16 + (octet & 15);
		state = next[key]!;
		if (state === FAIL) return null;
		if (symbol[key]! !== NO_SYMBOL) scratch[length++] = symbol[key]!;
	}
	return machine.mayEnd[state] === 1
		? scratch.toString("latin1", 0, length)
		: null;
}
