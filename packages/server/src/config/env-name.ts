/** `model-repository` → `SACCADE_MODEL_REPOSITORY` */
export function envNameOf(flag: string): string {
	return `SACCADE_${flag.toUpperCase().replaceAll("-", "_")}`;
}
