// The eight number types of a point's fields, and how one number is read and written in place.

export const POINT_NUMERIC_TYPES = [
	"uint8",
	"int8",
	"uint16",
	"int16",
	"uint32",
	"int32",
	"float32",
	"float64",
] as const;

export type PointNumericType = (typeof POINT_NUMERIC_TYPES)[number];

const BYTES: Readonly<Record<PointNumericType, number>> = {
	uint8: 1,
	int8: 1,
	uint16: 2,
	int16: 2,
	uint32: 4,
	int32: 4,
	float32: 4,
	float64: 8,
};

export function numericTypeBytes(type: PointNumericType): number {
	return BYTES[type];
}

type NumberReader = (
	bytes: DataView,
	at: number,
	littleEndian: boolean,
) => number;

type NumberWriter = (
	bytes: DataView,
	at: number,
	value: number,
	littleEndian: boolean,
) => void;

/** Picked once per field of a cloud: to choose by name for every number takes ten times as long. */
export const NUMBER_READERS: Readonly<Record<PointNumericType, NumberReader>> =
	{
		uint8: (bytes, at) => bytes.getUint8(at),
		int8: (bytes, at) => bytes.getInt8(at),
		uint16: (bytes, at, little) => bytes.getUint16(at, little),
		int16: (bytes, at, little) => bytes.getInt16(at, little),
		uint32: (bytes, at, little) => bytes.getUint32(at, little),
		int32: (bytes, at, little) => bytes.getInt32(at, little),
		float32: (bytes, at, little) => bytes.getFloat32(at, little),
		float64: (bytes, at, little) => bytes.getFloat64(at, little),
	};

/** Integers are rounded and held inside their range; NaN becomes 0. */
export const NUMBER_WRITERS: Readonly<Record<PointNumericType, NumberWriter>> =
	{
		uint8: (bytes, at, value) => bytes.setUint8(at, whole(value, 0, 0xff)),
		int8: (bytes, at, value) => bytes.setInt8(at, whole(value, -0x80, 0x7f)),
		uint16: (bytes, at, value, little) =>
			bytes.setUint16(at, whole(value, 0, 0xffff), little),
		int16: (bytes, at, value, little) =>
			bytes.setInt16(at, whole(value, -0x8000, 0x7fff), little),
		uint32: (bytes, at, value, little) =>
			bytes.setUint32(at, whole(value, 0, 0xffff_ffff), little),
		int32: (bytes, at, value, little) =>
			bytes.setInt32(at, whole(value, -0x8000_0000, 0x7fff_ffff), little),
		float32: (bytes, at, value, little) => bytes.setFloat32(at, value, little),
		float64: (bytes, at, value, little) => bytes.setFloat64(at, value, little),
	};

function whole(value: number, min: number, max: number): number {
	return Math.min(Math.max(Math.round(value), min), max) || 0;
}
