// Which GPUs this process may use, as the two variables say that are in use for it.
//   NVIDIA_VISIBLE_DEVICES: for containers. https://docs.nvidia.com/datacenter/cloud-native/container-toolkit/latest/docker-specialized.html#gpu-enumeration
//   CUDA_VISIBLE_DEVICES: for CUDA itself. https://docs.nvidia.com/cuda/cuda-c-programming-guide/index.html#cuda-environment-variables

export interface FoundGpu {
	/** As NVML counts, by PCI bus. */
	readonly index: number;
	readonly uuid: string;
}

export interface VisibleVariables {
	/** NVIDIA_VISIBLE_DEVICES */
	readonly nvidia: string | undefined;
	/** CUDA_VISIBLE_DEVICES */
	readonly cuda: string | undefined;
}

export interface Visible<G extends FoundGpu> {
	/** In the order in which CUDA numbers them. */
	readonly gpus: readonly G[];
	readonly warnings: readonly string[];
}

export function visibleGpus<G extends FoundGpu>(
	found: readonly G[],
	{ nvidia, cuda }: VisibleVariables,
): Visible<G> {
	const warnings: string[] = [];
	const inContainer = allowedByContainer(found, nvidia, warnings);
	const gpus = allowedByCuda(inContainer, found, cuda, warnings);
	return { gpus, warnings };
}

const NVIDIA = "NVIDIA_VISIBLE_DEVICES";
const CUDA = "CUDA_VISIBLE_DEVICES";

function allowedByContainer<G extends FoundGpu>(
	found: readonly G[],
	text: string | undefined,
	warnings: string[],
): readonly G[] {
	if (text === undefined || text.trim() === "all") return found;
	if (["", "none", "void"].includes(text.trim())) return [];
	const ids = entriesOf(text);
	// A container's runtime has acted on it before: what is there is what was named, numbered anew.
	if (found.length <= new Set(ids).size) return found;
	const chosen: G[] = [];
	for (const id of ids) {
		const gpu = find(found, id);
		if (gpu === null) warnings.push(`${NVIDIA}: ${unknown(id, found)}`);
		else addOnce(chosen, gpu, NVIDIA, id, warnings);
	}
	return found.filter((gpu) => chosen.includes(gpu));
}

/** CUDA sees the devices that are named before the first one that is not there, numbered in that order. */
function allowedByCuda<G extends FoundGpu>(
	allowed: readonly G[],
	found: readonly G[],
	text: string | undefined,
	warnings: string[],
): readonly G[] {
	if (text === undefined) return allowed;
	const chosen: G[] = [];
	for (const id of entriesOf(text)) {
		const gpu = find(found, id);
		if (gpu === null) {
			// The usual way to say "none".
			if (id !== "-1" && id !== "none" && id !== "void")
				warnings.push(
					`${CUDA}: ${unknown(id, found)}, so it and what is behind it are not used`,
				);
			break;
		}
		if (allowed.includes(gpu)) addOnce(chosen, gpu, CUDA, id, warnings);
		else warnings.push(`${CUDA}: '${id}' is not among those of ${NVIDIA}`);
	}
	return chosen;
}

function entriesOf(text: string): string[] {
	return text
		.split(",")
		.map((id) => id.trim())
		.filter((id) => id !== "");
}

/** By index, by UUID, or by a beginning of one that no other has. */
function find<G extends FoundGpu>(found: readonly G[], id: string): G | null {
	if (/^\d+$/.test(id))
		return found.find(({ index }) => index === Number(id)) ?? null;
	if (!/^GPU-/i.test(id)) return null;
	const matches = found.filter(({ uuid }) =>
		uuid.toLowerCase().startsWith(id.toLowerCase()),
	);
	return matches.length === 1 ? (matches[0] ?? null) : null;
}

function unknown(id: string, found: readonly FoundGpu[]): string {
	if (/^MIG-|^\d+:\d+$/i.test(id))
		return `'${id}' is a MIG instance, which this version does not support; name a whole GPU`;
	const there = found.map(({ index, uuid }) => `${index} (${uuid})`);
	return `there is no GPU '${id}' (found: ${there.join(", ") || "none"})`;
}

function addOnce<G extends FoundGpu>(
	chosen: G[],
	gpu: G,
	variable: string,
	id: string,
	warnings: string[],
): void {
	if (chosen.includes(gpu))
		warnings.push(`${variable}: '${id}' is named twice and used once`);
	else chosen.push(gpu);
}
