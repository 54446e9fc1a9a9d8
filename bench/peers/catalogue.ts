// Every server that is measured beside ours.
import { bentoml } from "./bentoml/peer.ts";
import { furnace } from "./furnace/peer.ts";
import { kserve } from "./kserve/peer.ts";
import { litserve } from "./litserve/peer.ts";
import { mlserver } from "./mlserver/peer.ts";
import { node } from "./node/peer.ts";
import type { Peer } from "./peer.ts";
import { pytriton } from "./pytriton/peer.ts";
import { ray } from "./ray/peer.ts";

export const PEERS: readonly Peer[] = [
	furnace,
	node,
	pytriton,
	mlserver,
	litserve,
	kserve,
	bentoml,
	ray,
];

/** Names with commas between them; throws RangeError for one that is no peer's. */
export function choosePeers(
	only: string | null,
	skip: string | null,
	peers: readonly Peer[] = PEERS,
): Peer[] {
	const known = new Set(peers.map(({ name }) => name));
	const namesOf = (text: string | null) => {
		const names = text?.split(",") ?? [];
		for (const name of names)
			if (!known.has(name))
				throw new RangeError(
					`no peer '${name}'; there are ${[...known].join(", ")}`,
				);
		return names;
	};
	const kept = namesOf(only);
	const left = namesOf(skip);
	return peers.filter(
		({ name }) =>
			(only === null || kept.includes(name)) && !left.includes(name),
	);
}
