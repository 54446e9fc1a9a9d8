// A point cloud where it lies: named fields over the bytes of a message, nothing copied. One view serves any number
// of messages: decoders refill it, and its field objects and names are kept as long as they fit.
//
//   data  │ head … │ row 0: point │ point │ … │ padding │ row 1 … │
//                  ▲ dataOffsetBytes  ◀ rowStrideBytes       ▶
//                    ◀ strideBytes ▶
import { numericTypeBytes, type PointNumericType } from "./numeric-type.ts";
import { PointCloudError } from "./point-cloud-error.ts";

/** Bounds what a message can make a view keep. Real sensors have 4 to 12 fields. */
export const MAX_POINT_FIELDS = 64;

export interface PointField {
	name: string;
	/** From the first byte of a point. */
	offsetBytes: number;
	type: PointNumericType;
	/** More than 1: an array of numbers, of which only the first is read here. */
	elementCount: number;
}

/** Valid as long as the bytes under it are: whoever keeps a view keeps a lease on them. */
export interface PointCloudView {
	/** The bytes that hold the points, often a whole message. */
	data: Uint8Array;
	/** Over all of `data.buffer`. */
	dataView: DataView;
	/** Of the first point, from the start of `data`. */
	dataOffsetBytes: number;
	/** 1 for clouds without order. */
	rowCount: number;
	pointsPerRow: number;
	/** From one point to the next. */
	strideBytes: number;
	/** From one row to the next. */
	rowStrideBytes: number;
	littleEndian: boolean;
	/** How many of `fields` are valid. */
	fieldCount: number;
	readonly fields: PointField[];
}

export function createPointCloudView(): PointCloudView {
	const data = new Uint8Array(0);
	return {
		data,
		dataView: new DataView(data.buffer),
		dataOffsetBytes: 0,
		rowCount: 0,
		pointsPerRow: 0,
		strideBytes: 0,
		rowStrideBytes: 0,
		littleEndian: true,
		fieldCount: 0,
		fields: [],
	};
}

export function pointCountOf(view: PointCloudView): number {
	return view.rowCount * view.pointsPerRow;
}

/** Bytes from the first point to the end of the last row, padding included. */
export function pointBytesOf(view: PointCloudView): number {
	return view.rowCount * view.rowStrideBytes;
}

/** The field of that name; null when the cloud has none. */
export function findPointField(
	view: PointCloudView,
	name: string,
): PointField | null {
	for (let i = 0; i < view.fieldCount; i++)
		if (view.fields[i]!.name === name) return view.fields[i]!;
	return null;
}

/** @throws PointCloudError `missing-field`, with the names that are there. */
export function requirePointField(
	view: PointCloudView,
	name: string,
): PointField {
	const field = findPointField(view, name);
	if (field !== null) return field;
	const names = view.fields.slice(0, view.fieldCount).map((one) => one.name);
	throw new PointCloudError(
		"missing-field",
		`a cloud without a field "${name}"; it has ${names.join(", ") || "none"}`,
		0,
		1,
	);
}

/** Points the view at other bytes. A pool gives the same buffers again, and so the same DataView. */
export function attachBytes(view: PointCloudView, data: Uint8Array): void {
	view.data = data;
	if (view.dataView.buffer !== data.buffer)
		view.dataView = new DataView(data.buffer);
}

/** The next field to fill. @throws PointCloudError `unsupported` beyond 64. */
export function nextPointField(view: PointCloudView): PointField {
	if (view.fieldCount === MAX_POINT_FIELDS)
		throw new PointCloudError(
			"unsupported",
			`a point cloud of more than ${MAX_POINT_FIELDS} fields`,
			MAX_POINT_FIELDS + 1,
			MAX_POINT_FIELDS,
		);
	const at = view.fieldCount++;
	if (at === view.fields.length)
		view.fields.push({
			name: "",
			offsetBytes: 0,
			type: "float32",
			elementCount: 1,
		});
	return view.fields[at]!;
}

/**
 * Checks that every number that a view promises lies inside the `availableBytes` that its message has for points.
 * @throws PointCloudError `inconsistent`, with the two numbers that contradict each other.
 */
export function assertConsistent(
	view: PointCloudView,
	availableBytes: number,
): void {
	const { rowCount, pointsPerRow, strideBytes, rowStrideBytes } = view;
	for (let i = 0; i < view.fieldCount; i++) {
		const { name, offsetBytes, type, elementCount } = view.fields[i]!;
		const end = offsetBytes + elementCount * numericTypeBytes(type);
		if (end > strideBytes)
			throw new PointCloudError(
				"inconsistent",
				`field "${name}" ends at byte ${end} of a point of ${strideBytes} bytes`,
				end,
				strideBytes,
			);
	}
	if (pointsPerRow * strideBytes > rowStrideBytes)
		throw new PointCloudError(
			"inconsistent",
			`${pointsPerRow} points of ${strideBytes} bytes do not fit in a row of ${rowStrideBytes} bytes`,
			rowStrideBytes,
			pointsPerRow * strideBytes,
		);
	if (rowCount * rowStrideBytes !== availableBytes)
		throw new PointCloudError(
			"inconsistent",
			`${rowCount} rows of ${rowStrideBytes} bytes, but ${availableBytes} bytes of points`,
			availableBytes,
			rowCount * rowStrideBytes,
		);
	if (strideBytes === 0 && rowCount * pointsPerRow > 0)
		throw new PointCloudError(
			"inconsistent",
			`${rowCount * pointsPerRow} points of 0 bytes`,
			0,
			1,
		);
}
