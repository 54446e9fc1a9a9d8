// Which streets a model may learn from, and which it is judged on: drives that users ask for have smaller seeds.
export const SCENE_SEEDS = {
	train: 1_000_000,
	valid: 2_000_000,
	test: 3_000_000,
} as const;

export type SceneSet = keyof typeof SCENE_SEEDS;

export function isSceneSet(name: string | undefined): name is SceneSet {
	return name !== undefined && Object.hasOwn(SCENE_SEEDS, name);
}
