// Clouds of any layout for property tests: what a sensor could send, and the numbers that are in it.
import fc from "fast-check";
import {
	NUMBER_WRITERS,
	numericTypeBytes,
	POINT_NUMERIC_TYPES,
	type PointNumericType,
} from "../clouds/numeric-type.ts";

interface ArbitraryField {
	readonly name: string;
	readonly type: PointNumericType;
	readonly offsetBytes: number;
}

export interface ArbitraryCloud {
	readonly fields: readonly ArbitraryField[];
	readonly strideBytes: number;
	readonly pointCount: number;
	readonly littleEndian: boolean;
	/** Of field after field of point after point, as its type holds them. */
	readonly values: readonly (readonly number[])[];
	readonly data: Uint8Array;
}

/** What a type holds exactly; a step that all of them share. */
function exactValue(type: PointNumericType, raw: number): number {
	switch (type) {
		case "uint8":
		case "uint16":
		case "uint32":
			return raw & 0xff;
		case "int8":
		case "int16":
		case "int32":
			return (raw & 0xff) - 128;
		case "float32":
		case "float64":
			return (raw - 30_000) / 256;
	}
}

/** x, y, z, intensity and what else there is, at any offsets, with gaps. */
export const arbitraryCloud: fc.Arbitrary<ArbitraryCloud> = fc
	.record({
		extras: fc.uniqueArray(fc.stringMatching(/^[a-wé€😀]{2,6}$/u), {
			maxLength: 4,
		}),
		types: fc.array(fc.constantFrom(...POINT_NUMERIC_TYPES), {
			minLength: 8,
			maxLength: 8,
		}),
		gaps: fc.array(fc.nat(3), { minLength: 9, maxLength: 9 }),
		pointCount: fc.nat(12),
		raw: fc.array(fc.nat(60_000), { minLength: 97, maxLength: 97 }),
		littleEndian: fc.boolean(),
	})
	.map(({ extras, types, gaps, pointCount, raw, littleEndian }) => {
		let offsetBytes = 0;
		const names = ["x", "y", "z", "intensity", ...extras];
		const fields = names.map((name, i) => {
			offsetBytes += gaps[i] ?? 0;
			const type = types[i] ?? "float32";
			const field = { name, type, offsetBytes };
			offsetBytes += numericTypeBytes(type);
			return field;
		});
		const strideBytes = offsetBytes + (gaps[8] ?? 0);
		const data = new Uint8Array(pointCount * strideBytes);
		const view = new DataView(data.buffer);
		const values = Array.from({ length: pointCount }, (_, point) =>
			fields.map(({ type, offsetBytes }, i) => {
				const value = exactValue(type, raw[(point * 8 + i) % raw.length] ?? 0);
				const at = point * strideBytes + offsetBytes;
				NUMBER_WRITERS[type](view, at, value, littleEndian);
				return value;
			}),
		);
		return { fields, strideBytes, pointCount, littleEndian, values, data };
	});

/** What reading that cloud must give. */
export function expectedXyzi(cloud: ArbitraryCloud): number[] {
	return cloud.values.flatMap((point) => point.slice(0, 4));
}
