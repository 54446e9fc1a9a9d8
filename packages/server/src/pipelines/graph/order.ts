// The order of a graph: each node after those that it reads.
import type { GraphNode } from "./definition.ts";

/** As written, except that a node waits for what it reads. The graph has no cycle. */
export function topologicalOrder(nodes: readonly GraphNode[]): GraphNode[] {
	const byName = new Map(nodes.map((node) => [node.name, node]));
	const order: GraphNode[] = [];
	const seen = new Set<string>();
	const visit = (node: GraphNode) => {
		if (seen.has(node.name)) return;
		seen.add(node.name);
		for (const from of nodesBefore(node, byName)) visit(from);
		order.push(node);
	};
	for (const node of nodes) visit(node);
	return order;
}

/** Names along a circle, or null. */
export function findCycle(nodes: readonly GraphNode[]): string[] | null {
	const byName = new Map(nodes.map((node) => [node.name, node]));
	const done = new Set<string>();
	const path: string[] = [];
	const visit = (node: GraphNode): string[] | null => {
		if (done.has(node.name)) return null;
		const at = path.indexOf(node.name);
		// Told in the direction in which values flow.
		if (at >= 0) return path.slice(at).reverse();
		path.push(node.name);
		for (const from of nodesBefore(node, byName)) {
			const cycle = visit(from);
			if (cycle !== null) return cycle;
		}
		path.pop();
		done.add(node.name);
		return null;
	};
	for (const node of nodes) {
		const cycle = visit(node);
		if (cycle !== null) return cycle;
	}
	return null;
}

function nodesBefore(
	node: GraphNode,
	byName: ReadonlyMap<string, GraphNode>,
): GraphNode[] {
	return Object.values(node.inputs).flatMap(
		(ref) => byName.get(ref.node) ?? [],
	);
}
